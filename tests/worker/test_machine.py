"""`slideloom worker`: a machine joins; what takes a process down costs that process only."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.helpers.stack import Stack
from tests.helpers.waiting import PATIENCE_S, wait_until
from tests.worker.house import Api, Run

_COMMAND = [sys.executable, "-m", "deployments.cli.main", "worker"]


class Machine:
    """A `slideloom worker` in a folder of its own, all its processes ready when this is."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, home: Path) -> None:
        self.process, self._out, self.home = process, out, home
        wait_until(lambda: "Ctrl-C here stops" in self.said or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError(self.said)

    @property
    def said(self) -> str:
        return self._out.read_text()

    def health(self) -> list[str]:
        """Where its processes say how they are."""
        return re.findall(r"http://[\d.:]+/health", " ".join(self.said.split()))

    def log(self, number: int) -> str:
        (log,) = self.home.glob(f"logs/worker-*-{number}.log")
        return log.read_text()


@contextmanager
def machine(server: Stack, home: Path, pool: str, *options: str) -> Iterator[Machine]:
    out = home.with_suffix(".out")
    environment = server.environment | {"SLIDELOOM_HOME": str(home), "COLUMNS": "300"}
    with out.open("wb") as stream:
        process = subprocess.Popen(
            [*_COMMAND, "--pool", pool, *options], env=environment, stdout=stream, stderr=stream
        )
    try:
        yield Machine(process, out, home)
    finally:
        # Its guard ends what it has started, also where it does not stop itself.
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()


def _waiting(api: Api, pool: str, folder: Path) -> Run:
    folder.mkdir()
    given = {name: str(folder / name) for name in ("began", "until", "left")}
    run = api.start(api.deploy(pool, "wait"), **given)
    wait_until((folder / "began").exists)
    return run.reaches("RUNNING")


def _asked(address: str) -> tuple[int, dict[str, object]]:
    answer = httpx.get(address, timeout=10, trust_env=False)
    return answer.status_code, answer.json()


def test_poison_costs_one_process_and_a_drain_no_run(
    server: Stack, api: Api, tmp_path: Path
) -> None:
    api.make_pool("poisoned")
    options = ("--slots", "2", "--device", "cpu", "--health-port", "0", "--name", "box")
    with machine(server, tmp_path / "home", "poisoned", *options) as joined:
        bystander = _waiting(api, "poisoned", tmp_path / "bystander")
        # The pool was made without a form; Prefect's page has the worker type's now.
        form = api.get("/work_pools/poisoned")["base_job_template"]["variables"]
        assert "set where the worker is started" in form["description"]
        health = joined.health()
        told = [_asked(address)[1] for address in health]
        assert [(each["worker"], each["device"]) for each in told] == [
            ("box-1", "cpu"),
            ("box-2", "cpu"),
        ]
        (other,) = (address for address, each in zip(health, told, strict=True) if not each["runs"])
        for how in ("segfault", "exit", "kill"):
            run = api.start(api.deploy("poisoned", "poison"), how=how)
            # Nobody but the process that is started again ends it: no reaper runs here.
            assert run.ends() == "CRASHED"
            assert run.message == "Its worker died."
        assert bystander.state == "RUNNING"
        _until_well(other)
        late = _waiting(api, "poisoned", tmp_path / "late")
        joined.process.terminate()
        wait_until(lambda: all("claims no more runs" in joined.log(n) for n in (1, 2)))
        code, draining = _asked(other)
        assert (code, draining["status"], draining["runs"]) == (503, "draining", [late.id])
        never = api.start(api.deploy("poisoned", "nothing"))
        for folder in ("bystander", "late"):
            (tmp_path / folder / "until").touch()
        assert joined.process.wait(PATIENCE_S) == 0
    assert (bystander.state, late.state, never.state) == ("COMPLETED", "COMPLETED", "SCHEDULED")
    assert "signal SIGSEGV" in joined.said
    assert "signal SIGKILL" in joined.said
    assert joined.said.count("starting it again") == 3


def _until_well(address: str) -> None:
    def well() -> bool:
        try:
            return _asked(address)[0] == 200
        except httpx.TransportError:
            return False

    wait_until(well)


def _refusal(environment: dict[str, str], *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [*_COMMAND, *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    return done.returncode, line


def test_a_worker_that_cannot_work_ends_the_command_with_its_last_words(
    server: Stack, tmp_path: Path
) -> None:
    environment = server.environment | {"SLIDELOOM_HOME": str(tmp_path)}
    code, said = _refusal(environment, "--pool", "nowhere")
    assert code == 1
    assert "there is no work pool 'nowhere': run `slideloom register`" in said


@pytest.mark.parametrize(
    ("change", "options", "refused"),
    [
        ({"PREFECT_API_URL": ""}, (), "PREFECT_API_URL names no server"),
        ({"PREFECT_API_URL": "http://127.0.0.1:1/api"}, (), "no server answers at"),
        ({}, ("--device", "tpu"), "'tpu' is no device"),
        ({"SLIDELOOM_DEVICE": "tpu"}, (), "SLIDELOOM_DEVICE"),
    ],
)
def test_what_is_refused_before_anything_is_started(
    tmp_path: Path, change: dict[str, str], options: tuple[str, ...], refused: str
) -> None:
    environment = dict(os.environ) | {"SLIDELOOM_HOME": str(tmp_path)} | change
    code, said = _refusal(environment, *options)
    assert (code, refused in said) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_two_folders_on_one_machine_do_not_end_each_others_runs(
    server: Stack, api: Api, tmp_path: Path
) -> None:
    api.make_pool("two-homes")
    with machine(server, tmp_path / "one", "two-homes", "--slots", "1", "--no-log-files") as one:
        run = _waiting(api, "two-homes", tmp_path / "run")
        # The same name on the same machine: only the folder tells them apart.
        with machine(server, tmp_path / "two", "two-homes", "--slots", "1"):
            assert run.state == "RUNNING"
            (tmp_path / "run" / "until").touch()
            assert run.ends() == "COMPLETED"
    assert f"Flow run '{run.read()['name']}' - Finished in state Completed" in " ".join(
        one.said.split()
    )
    assert list((tmp_path / "one" / "logs").iterdir()) == []
