"""On a server a job's tiles go to the GPU pool, and the job's own process loads no model."""

import asyncio
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    DeploymentFilter,
    DeploymentFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType

from runs import labels
from runs.creation import read_jobs
from runs.names import SHARD
from runs.records import JobRun
from runs.states import NOT_ADMITTED
from runs.views import read_job
from slideloom.arrays import Int32, UInt8
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed, SlideUnreadable
from slideloom.normalisation import Normalisation
from slideloom.parameters import SegmentCells
from slideloom.progress import Progress
from slideloom.results.folder import RUN
from slideloom.segmentation.job import segment_slide
from slideloom.slides import open_slide
from tasks import owners, planning, reporting, shard_runs, shards, tiles
from tests.helpers.engines import Counting
from tests.helpers.files import contents
from tests.helpers.waiting import PATIENCE_S, looks
from tests.workflows.server import TENANT, admit, carry_out, gpu_worker, spec, submit

pytestmark = pytest.mark.usefixtures("house")
GIVEN: dict[str, Any] = {"mpp": 0.5, "model": "oracle", "tissue": "off", "tile_size": 128}
JOB = {"kind": "segment_cells", "slide": "a.png", "overlap": 64, **GIVEN, "batch_size": 1}
"""A tile a batch: a task that is told to stop has some left."""


@pytest.fixture(autouse=True)
def no_model_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's process must load none; what is known of engines is forgotten between tests."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a model is loaded by the job")

    monkeypatch.setattr(planning, "shared_engine", refuse)
    monkeypatch.setattr(shards, "_engines", {})
    monkeypatch.setattr(shards, "_paces", {})


async def admitted(client: PrefectClient) -> JobRun:
    """A job that may run."""
    stated = spec(TENANT)
    stated["branches"][0]["jobs"] = [JOB]
    workflow = await submit(client, stated)
    await carry_out(client, workflow)
    (job,) = await read_jobs(client, workflow)
    await admit(client, job)
    return job


async def shards_of(client: PrefectClient, job: JobRun) -> list[FlowRun]:
    """The job's shards, the oldest first."""
    name = DeploymentFilterName(any_=[SHARD.split("/")[1]])
    runs = await client.read_flow_runs(deployment_filter=DeploymentFilter(name=name))
    mine = [run for run in runs if run.parameters["owner"] == job.id]
    return sorted(mine, key=lambda run: run.created or datetime.min)


def test_the_result_is_that_of_the_bare_core(house: Path) -> None:
    async def act() -> Path:
        async with get_client() as client:
            job = await admitted(client)
            async with gpu_worker(client):
                run = await carry_out(client, UUID(job.id))
            assert run.state is not None
            assert run.state.type is StateType.COMPLETED
            described, segmented, *others = await shards_of(client, job)
            assert others  # as nothing is known of the pool's speed, the first ones are small
            assert {run.state_type for run in (described, segmented, *others)} == {
                StateType.COMPLETED
            }
            named = {"tenant:alice", f"workflow:{job.workflow}", f"job:{job.id}"}
            assert named <= set(segmented.tags)
            cut = [task for run in (segmented, *others) for task in run.parameters["tasks"]]
            assert sorted(cut) == list(range(len(cut)))
            assert segmented.parent_task_run_id is not None
            wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
            shown = await client.read_artifacts(artifact_filter=wanted)
            assert {artifact.key: artifact.data for artifact in shown}["tiles"] == 100.0
            task = await client.read_task_run(segmented.parent_task_run_id)
            assert task.tags == []
            return Path(job.parameters["out"])

    out = asyncio.run(act())
    slide = house / "slides" / "a.png"
    with open_slide(slide, 0.5) as opened:
        job = SegmentCells(slide=str(slide), overlap=64, **GIVEN)
        segment_slide(job, house / "core", opened, OracleEngine())
    found = contents(out)
    del found[RUN]
    assert found == contents(house / "core")


def test_bad_input_in_a_shard_is_the_jobs_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise SlideUnreadable("a.png breaks at level 0")

    monkeypatch.setattr(tiles, "shared_slide", broken)

    async def act() -> None:
        async with get_client() as client:
            job = await admitted(client)
            async with gpu_worker(client):
                run = await carry_out(client, UUID(job.id))
            assert run.state is not None
            assert run.state.type is StateType.FAILED
            assert "a.png breaks at level 0" in (run.state.message or "")
            assert run.labels[labels.ERROR] == "SlideUnreadable"
            assert not Path(job.parameters["out"]).exists()

    asyncio.run(act())


def test_what_a_retry_may_help_is_told_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting(fail_at=1)
    monkeypatch.setattr(tiles, "shared_engine", lambda *_: engine)

    async def act() -> None:
        async with get_client() as client:
            job = await admitted(client)
            async with gpu_worker(client):
                run = await carry_out(client, UUID(job.id))
            assert run.state is not None
            assert EngineFailed.__name__ in (run.state.message or "")
            assert labels.ERROR not in run.labels
            assert shards._engines == {}

    asyncio.run(act())


class Held:
    """The oracle, which waits at its first batch until it is let go."""

    def __init__(self) -> None:
        self._engine = OracleEngine()
        self.info = self._engine.info
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.stopped = threading.Event()

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        self.begun.set()
        self.may_go_on.wait(PATIENCE_S)
        return self._engine.segment(batch, normalisation)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    engine = Held()
    monkeypatch.setattr(tiles, "shared_engine", lambda *_: engine)
    monkeypatch.setattr(owners, "LOOK_S", 0.05)
    monkeypatch.setattr(shard_runs, "_LAST_WORDS_S", 1.0)  # no worker is here to settle a cancel
    real = Progress.stop

    def stop(progress: Progress) -> None:
        real(progress)
        engine.stopped.set()

    monkeypatch.setattr(Progress, "stop", stop)
    return engine


def test_a_cancelled_job_cancels_its_shard(held: Held) -> None:
    async def act() -> None:
        async with get_client() as client:
            job = await admitted(client)
            async with gpu_worker(client):
                running = asyncio.create_task(carry_out(client, UUID(job.id)))
                assert await asyncio.to_thread(held.begun.wait, PATIENCE_S)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
                _, *others = [run.state_type for run in await shards_of(client, job)]
                held.may_go_on.set()
                # One is at a tile still, and nobody is here to settle it; none begins any more.
                others.remove(StateType.CANCELLING)
                assert set(others) <= {StateType.CANCELLED}
            assert not (Path(job.parameters["out"]) / "manifest.json").exists()

    asyncio.run(act())


def test_a_shard_stops_when_its_job_gives_no_sign_of_life(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "SILENCE_S", 0.5)
    monkeypatch.setattr(reporting, "RENEW_S", 1000.0)

    async def act() -> None:
        async with get_client() as client:
            job = await admitted(client)
            async with gpu_worker(client):
                running = asyncio.create_task(carry_out(client, UUID(job.id)))
                assert await asyncio.to_thread(held.begun.wait, PATIENCE_S)
                assert await asyncio.to_thread(held.stopped.wait, PATIENCE_S)
                monkeypatch.setattr(owners, "SILENCE_S", 1000.0)
                held.may_go_on.set()
                # The job lives after all: what the shard has left undone goes into another one.
                run = await running
            first = (await shards_of(client, job))[1]
            assert first.state_type is StateType.CANCELLED
            assert "no sign of life" in (first.state.message or "")  # type: ignore[union-attr]
            assert run.state_type is StateType.COMPLETED

    asyncio.run(act())


@pytest.mark.parametrize("end", [StateType.CANCELLED, None])
def test_a_shard_stops_when_its_job_is_over_or_gone(held: Held, end: StateType | None) -> None:
    async def act() -> None:
        async with get_client() as client:
            job = await admitted(client)
            async with gpu_worker(client):
                running = asyncio.create_task(carry_out(client, UUID(job.id)))
                assert await asyncio.to_thread(held.begun.wait, PATIENCE_S)
                at_work = [
                    run
                    for run in await shards_of(client, job)
                    if run.state_type is StateType.RUNNING
                ]
                (shard,) = at_work  # the pretended worker runs one at a time
                if end is None:
                    await client.delete_flow_run(UUID(job.id))
                else:
                    await client.set_flow_run_state(UUID(job.id), State(type=end), force=True)
                assert await asyncio.to_thread(held.stopped.wait, PATIENCE_S)
                held.may_go_on.set()
                running.cancel()
                await asyncio.wait([running])
                async for _ in looks():
                    now = await client.read_flow_run(shard.id)
                    if now.state is not None and now.state.is_final():
                        break
            assert now.state_type is StateType.CANCELLED

    asyncio.run(act())


def test_a_job_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "RENEW_S", 0.2)

    async def act() -> None:
        async with get_client() as client:
            job = await admitted(client)
            running = asyncio.create_task(carry_out(client, UUID(job.id)))
            async for _ in looks():
                if waits := (await read_job(client, job.id)).waits:
                    break
            assert "no worker of pool gpu is running" in waits
            async with gpu_worker(client):
                run = await running
            assert run.state_type is StateType.COMPLETED
            assert (await read_job(client, job.id)).waits == ""

    asyncio.run(act())


def test_a_shard_that_is_run_by_hand_does_nothing() -> None:
    async def act() -> None:
        async with get_client() as client:
            deployment = await client.read_deployment_by_name(SHARD)
            owner = "00000000-0000-4000-8000-000000000000"
            run = await client.create_flow_run_from_deployment(
                deployment.id, parameters={"job": JOB, "out": "/nowhere", "owner": owner}
            )
            ended = await carry_out(client, run.id)
            assert ended.state_name == NOT_ADMITTED

    asyncio.run(act())
