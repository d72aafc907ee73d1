"""One large slide over two machines that share nothing but the server and an object store.

The machines are network namespaces with disks of their own where the tests may make them (root on
Linux), else processes with homes of their own; what it was is printed. `POOL_MEGAPIXELS` is the
size of the slide.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deployments.serve.prefect_server import python
from deployments.serve.processes import Process
from deployments.serve.program import Program
from tests.acceptance.pool import AS_SERVED, MEGAPIXELS, SLIDE, Wanted, ends
from tests.chaos.city import City, city
from tests.helpers.files import contents
from tests.helpers.large_slides import large_slide
from tests.helpers.machines import Machine, Relay, can_make, machines, relay
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.s3 import s3_server, s3_store
from tests.helpers.timeline import timeline
from tests.shards.test_over_s3 import add_tenant, in_bucket

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(5400), *LEAVES_SOCKETS]
CREW = ("dispatcher", "control", "jobs-1")
NAMES = ("left", "right")
"""Of the machines."""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[City]:
    """Without a worker of the GPU pool."""
    with city(tmp_path, CREW, **AS_SERVED) as built:
        yield built


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[Machine]]:
    """Two machines; none, where this process may not make any."""
    if not can_make():
        yield []
        return
    with machines(len(NAMES), tmp_path) as built:
        yield built


def join(town: City, name: str, server: str, machine: Machine | None) -> None:
    """`slideloom worker` with one process, on its machine."""
    command = [*python("deployments.cli.main"), "worker", "--slots", "1", "--device", "cpu"]
    command += ["--name", name, "--grace", "1", "--no-log-files"]
    home = town.folder / f"machine-{name}"
    environment = {
        **town.environment,
        "PREFECT_API_URL": server,
        "PREFECT_HOME": str(home / "prefect"),
        "SLIDELOOM_HOME": str(home / "slideloom"),
        "SLIDELOOM_WORKERS": "1",
        "NO_PROXY": urlsplit(server).hostname or "",
    }
    log = town.folder / f"{name}.log"
    started = machine.command(command) if machine else command
    program = Program(name=name, command=started, environment=environment, log=log, stage=1)
    process = Process(program, town.guard)
    town.crew[name] = process
    process.wait_ready()


def test_two_machines_give_the_bytes_of_the_bare_core(
    town: City, made: list[Machine], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = large_slide(tmp_path / "slides" / SLIDE, MEGAPIXELS)
    wanted = Wanted("remote")
    with ExitStack() as stack:
        store_url = stack.enter_context(s3_server())
        api = town.stack.api_url
        cable: list[Relay] = []
        if made:
            head = made[0].head
            ports = [urlsplit(url).port or 0 for url in (api, store_url)]
            cable = [stack.enter_context(relay(head, port)) for port in ports]
            api, store_url = f"http://{head}:{cable[0].port}/api", f"http://{head}:{cable[1].port}"
        bucket = s3_store(store_url, "lab")
        bucket.put_file(f"slides/{wanted.tenant}/{SLIDE}", slide)
        add_tenant(bucket, wanted.tenant)
        for name, machine in zip(NAMES, made or (None, None), strict=True):
            join(town, name, api, machine)
        workflow = wanted.submit(town)
        assert ends(workflow) == "Completed", town.logs()
        (job,) = town.jobs(workflow)
        result = in_bucket(bucket, str(job.parameters["out"]))
        steps = timeline(str(job.id))
        for name in NAMES:
            town.crew[name].stop()
    out = tmp_path / "bare"
    alone_s, tiles, _ = wanted.bare(slide, out, len(NAMES))
    assert result == contents(out)
    assert {shard.worker for shard in steps.segmenting} == {f"{name}-1" for name in NAMES}
    tasks = sorted(task for shard in steps.segmenting for task in shard.tasks)
    assert tasks == list(range(steps.tile_tasks))
    kind = "network namespaces" if made else "homes of their own only"
    with capsys.disabled():
        print(
            f"\n{MEGAPIXELS:g} megapixels of tissue, two machines ({kind}): "
            f"{steps.ended_s - steps.admitted_s:.1f} s from admission to end; bare core in one "
            f"process, two threads: {alone_s:.1f} s; {len(steps.segmenting)} shards, "
            f"{tiles} tiles in {steps.tile_tasks} tasks, {steps.task_runs} task runs"
        )
        if cable:
            passed = [f"{each.passed_bytes / 1e6:.1f} MB" for each in cable]
            print(f"through the cable: server {passed[0]}, object store {passed[1]}")
        print(steps.told())
