"""Workers that share nothing but the server and an object store: own folders, own caches."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks import S3Access, Tenant, save_tenant
from runs.states import JOBS_CANCELLED
from slideloom.results.folder import RUN
from slideloom.stores import Store
from tests.chaos.city import City
from tests.helpers.s3 import options, s3_server, s3_store
from tests.helpers.waiting import wait_until
from tests.shards.jobs import TILES, ends, expected, job_of, make_slide, submit
from tests.shards.told import Told


@pytest.fixture(scope="module")
def bucket() -> Iterator[Store]:
    with s3_server() as url:
        yield s3_store(url, "lab")


def add_tenant(bucket: Store, name: str) -> None:
    """A tenant all of whose files are in S3."""
    key = options(bucket.options.endpoint_url or "")

    async def save() -> None:
        access = S3Access(
            access_key_id=key.access_key_id,
            secret_access_key=key.secret_access_key,
            endpoint_url=key.endpoint_url,
            region=key.region,
        )
        await access.asave("lab", overwrite=True)
        loaded = await S3Access.aload("lab")
        places = {"slide_root": f"s3://lab/slides/{name}", "result_root": "s3://lab/results"}
        await save_tenant(name, Tenant(access=loaded, **places))

    asyncio.run(save())


def home(town: City, name: str) -> Path:
    return Path(town.environment_of(name)["SLIDELOOM_HOME"])


def in_bucket(bucket: Store, address: str) -> dict[str, bytes]:
    """A result in S3, without `run.json`."""
    place = bucket.below(address.removeprefix("s3://lab/"))
    found = {entry.name: place.get(entry.name) for entry in place.list()}
    found.pop(RUN, None)
    return found


def test_a_worker_dies_and_the_bytes_are_those_of_the_bare_core(
    town: City, told: Told, bucket: Store, tmp_path: Path
) -> None:
    slide = make_slide(tmp_path / "remote" / "a.png", seed=7)
    bucket.put_file("slides/remote/a.png", slide)
    add_tenant(bucket, "remote")
    workflow = submit(town, "remote")
    wait_until(lambda: told.tasks_ended() >= 4)
    town.kill("gpu-2")
    town.start("gpu-2")
    assert ends(town, workflow) == "Completed"
    address = str(job_of(town, workflow).parameters["out"])
    assert address == f"s3://lab/results/remote/{workflow}/0-0"
    assert in_bucket(bucket, address) == expected(town, slide)
    assert told.computed_again() == []
    assert len({home(town, name) for name in ("jobs-1", "gpu-1", "gpu-2")}) == 3
    # What was fetched is the machine's own; the scratch of the job is gone.
    assert any(home(town, "gpu-1").glob("slide-cache/**/a.png"))
    assert not any(home(town, "jobs-1").glob("scratch/*"))
    shown = str(town.run(workflow)) + "".join(str(run) for run in town.jobs(workflow))
    assert "not-to-be-seen" not in shown


def test_a_cancelled_job_leaves_no_result_in_the_store(
    town: City, told: Told, bucket: Store, tmp_path: Path
) -> None:
    slide = make_slide(tmp_path / "a.png", seed=8)
    bucket.put_file("slides/remote-2/a.png", slide)
    add_tenant(bucket, "remote-2")
    workflow = submit(town, "remote-2")
    wait_until(lambda: told.tasks_ended() >= 2)
    job = job_of(town, workflow)
    address = str(job.parameters["out"])
    town.cancel(str(job.id))
    assert ends(town, workflow) == JOBS_CANCELLED
    wait_until(lambda: not told.shards_at_work())
    assert all(name.startswith("parts/") for name in in_bucket(bucket, address))
    assert told.tiles() < TILES


def test_a_slide_that_is_not_there_is_refused_at_the_door(town: City, bucket: Store) -> None:
    add_tenant(bucket, "remote-3")
    workflow = submit(town, "remote-3")
    assert ends(town, workflow) == "Refused"
    state = town.run(workflow).state
    assert "s3://lab/slides/remote-3/a.png does not exist" in str(state and state.message)
    assert town.jobs(workflow) == []
