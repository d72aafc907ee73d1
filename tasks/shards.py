"""A job's side of its shards: child runs on the pool where models are loaded.

Limited tags are taken by the task that waits for the child run, so that nobody holds a place on a
GPU without need; they are this task's alone, as each tag of a task is a limit's name.
"""

import asyncio
import json
import time
from dataclasses import asdict
from typing import Any
from uuid import UUID

import anyio
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments.flow_runs import arun_deployment

from runs import labels
from runs.admission import deployed_run
from runs.changes import cancel, force_from
from runs.names import GPU_TAG, SHARD, gpu_tenant_tag, tenant_tag, workflow_tag
from runs.reading import ENDED
from runs.reaper import Bounds, last_beats, overdue, remedy
from runs.records import JobRun, job_run
from slideloom import errors
from slideloom.engines.base import EngineInfo
from slideloom.errors import SlideloomError
from slideloom.parameters import SegmentCells
from slideloom.settings import settings
from tasks.owners import ENGINE, Owner

POLL_S = 0.5
_BEATS_S = 15.0
"""So often the child run's heartbeats are looked up."""
_LAST_WORDS_S = 8.0
_engines: dict[tuple[str, str], EngineInfo] = {}
"""What the GPU pool's workers have said of models; forgotten when a shard goes wrong."""


class ShardFailed(SlideloomError):
    """A shard has ended without success and without saying why."""


async def own_job() -> JobRun | None:
    """The job whose run this is; None where it is not a run of a deployment."""
    own = deployed_run()
    if own is None:
        return None
    async with get_client() as client:
        return job_run(await client.read_flow_run(own.id))


async def engine_of(own: JobRun, job: SegmentCells) -> EngineInfo:
    """What the planner must know of the job's model; this process loads none.

    Raises:
        SlideloomError: What the shard has raised.
    """
    asked = job.model, job.device
    if asked not in _engines:
        run = await _limited(own)(own, {"job": job.model_dump(mode="json"), "out": ""}, "engine")
        _engines[asked] = EngineInfo(**json.loads(str(run.labels[ENGINE])))
    return _engines[asked]


async def segment_in_shard(
    own: JobRun, job: SegmentCells, out: str, plan: str, shown: UUID
) -> None:
    """Segment all tiles that are missing, in the GPU pool.

    Args:
        own: The job's run.
        job: What to do.
        out: Folder of the result; its plan is stored.
        plan: Key of the plan.
        shown: The job's progress artifact.

    Raises:
        SlideloomError: What the shard has raised.
    """
    given = {"job": job.model_dump(mode="json"), "out": out, "shown": str(shown)}
    try:
        await _limited(own)(own, given, plan)
    except BaseException:
        _engines.pop((job.model, job.device), None)
        raise


def _limited(own: JobRun) -> Any:
    return run_shard.with_options(tags=[GPU_TAG, gpu_tenant_tag(own.tenant)])


@task(name="shard", task_run_name="shard {what}", cache_policy=NO_CACHE)
async def run_shard(own: JobRun, given: dict[str, Any], what: str) -> FlowRun:
    """One child run of the shard's deployment, from its making to its end.

    Cancelled, it cancels the child run and gives it a moment to stop.

    Args:
        own: The job's run.
        given: Parameters of the child run, but for whose it is.
        what: Tells the job's shards apart.

    Raises:
        SlideloomError: What the shard has raised.
    """
    owner = Owner(job=own.id, admitted=own.admitted)
    async with get_client() as client:
        run = await arun_deployment(
            SHARD,
            client=client,
            parameters={**given, "owner": asdict(owner)},
            timeout=0,
            tags=[tenant_tag(own.tenant), workflow_tag(own.workflow)],
            idempotency_key=f"{own.id}/{own.attempt}/{what}",
        )
        try:
            run = await _ended(client, run.id)
        except BaseException:
            with anyio.move_on_after(_LAST_WORDS_S, shield=True):
                await cancel(client, str(run.id))
                await _ended(client, run.id)
            raise
    _raise_what_it_raised(run)
    return run


async def _ended(client: PrefectClient, run_id: UUID) -> FlowRun:
    """The child run when it has ended; nobody else ends one whose worker is gone."""
    look_s = time.monotonic() + _BEATS_S
    while True:
        run = await client.read_flow_run(run_id)
        if run.state is not None and run.state.type in ENDED:
            return run
        if time.monotonic() > look_s:
            look_s = time.monotonic() + _BEATS_S
            await _end_if_silent(client, run)
        await asyncio.sleep(POLL_S)


async def _end_if_silent(client: PrefectClient, run: FlowRun) -> None:
    bounds = Bounds.stated(settings())
    beats = await last_beats(client, [str(run.id)], bounds.silent_s)
    state = run.state
    if state is None:
        return
    quiet_s = time.time() - max(state.timestamp.timestamp(), beats.get(str(run.id), 0.0))
    if verdict := overdue(state.type, quiet_s, bounds):
        await force_from(client, str(run.id), str(state.id), remedy(verdict, is_job=False))


def _raise_what_it_raised(run: FlowRun) -> None:
    """An error of ours keeps its class: bad input is told from what a retry may help."""
    state = run.state
    if state is None or state.type is StateType.COMPLETED:
        return
    kind = getattr(errors, str(run.labels.get(labels.ERROR)), None)
    if isinstance(kind, type) and issubclass(kind, SlideloomError):
        raise kind(state.message)
    raise ShardFailed(f"{run.name} ended as {state.name}: {state.message or 'it did not say why'}")
