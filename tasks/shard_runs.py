"""One shard: a child run on the pool where models are loaded, from its making to its end.

Limited tags are taken by the task that waits for the child run, so that nobody holds a place on a
GPU without need; they are this task's alone, as each tag of a task is a limit's name.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio
import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound

from runs import labels
from runs.changes import cancel, force_from
from runs.events import changes_of
from runs.names import SHARD, job_tag, tenant_tag, workflow_tag
from runs.outages import outlast
from runs.paging import read_all
from runs.reading import ENDED
from runs.reaper import Bounds, last_beats, overdue, remedy
from runs.records import JobRun, job_run
from runs.states import WORKER_STOPPED
from slideloom import errors
from slideloom.errors import BadInput, SlideloomError
from slideloom.settings import settings

POLL_S = 0.5
"""So often the child run is looked at while nothing can be heard of it."""
_BEATS_S = 15.0
"""So often the child run's heartbeats are looked up."""
_LAST_WORDS_S = 8.0
_LIVE = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]


class ShardDied(SlideloomError):
    """A shard has ended without success and without saying why: its worker died, or was stopped.

    Attributes:
        blame: Whether what it was at may be the cause; False: somebody stopped it.
    """

    def __init__(self, message: str, blame: bool) -> None:
        """What is said, and whether it may be the shard's own fault."""
        super().__init__(message)
        self.blame = blame


@dataclass(frozen=True, slots=True)
class Wanted:
    """A shard as its job wants it.

    Attributes:
        own: The job's run.
        given: Parameters of the child run, but for whose it is.
        what: Tells the shards of one attempt at the job apart.
        adopted: The child run, where an earlier attempt has made it.
    """

    own: JobRun
    given: dict[str, Any]
    what: str
    adopted: UUID | None = None


@task(name="shard", task_run_name="shard {wanted.what}", cache_policy=NO_CACHE)
async def run_shard(wanted: Wanted) -> FlowRun:
    """One child run of the shard's deployment, from its making, or taking over, to its end.

    Cancelled, it cancels the child run and gives it a moment to stop.

    Raises:
        ShardDied: It ended without saying why.
        SlideloomError: What the shard has raised.
    """
    async with get_client() as client:
        # Cancelled in the middle of the making, the server may have made it all the same.
        making = asyncio.ensure_future(outlast(lambda: _make(client, wanted)))
        try:
            run = await _ended(client, await asyncio.shield(making))
        except BaseException:
            with anyio.move_on_after(_LAST_WORDS_S, shield=True):
                run_id = await making
                if await _is_current(client, wanted.own):
                    await cancel(client, str(run_id))
                    await _ended(client, run_id)
            raise
    _raise_what_it_raised(run)
    return run


async def _is_current(client: PrefectClient, own: JobRun) -> bool:
    """Whether no later attempt has begun, which may have taken the shard over."""
    try:
        now = job_run(await client.read_flow_run(UUID(own.id)))
    except ObjectNotFound:
        return True
    return now is None or now.attempt <= own.attempt


async def _make(client: PrefectClient, wanted: Wanted) -> UUID:
    """The child run; the same one however often this is called."""
    if wanted.adopted:
        return wanted.adopted
    own = wanted.own
    run = await arun_deployment(
        SHARD,
        client=client,
        parameters={**wanted.given, "owner": own.id},
        timeout=0,
        tags=[tenant_tag(own.tenant), workflow_tag(own.workflow), job_tag(own.id)],
        idempotency_key=f"{own.id}/{own.attempt}/{wanted.what}",
    )
    return run.id


async def live_shards(client: PrefectClient, job: str) -> list[FlowRun]:
    """Shards that an earlier attempt at the job has left waiting or at work, the oldest first."""
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[job_tag(job)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_LIVE)),
    )
    runs = await read_all(client, wanted)
    return sorted(runs, key=lambda run: str(run.created))


async def _ended(client: PrefectClient, run_id: UUID) -> FlowRun:
    """The child run when it has ended; nobody else ends one whose worker is gone."""
    look_s = time.monotonic() + _BEATS_S
    async with changes_of(run_id) as changed:
        while True:
            run = await outlast(lambda: client.read_flow_run(run_id))
            if run.state is not None and run.state.type in ENDED:
                return run
            if time.monotonic() > look_s:
                look_s = time.monotonic() + _BEATS_S
                with suppress(httpx.HTTPError):
                    await _end_if_silent(client, run)
            await changed.wait(POLL_S)


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
    if named := run.labels.get(labels.ERROR):
        # Those that are none of the common ones keep what counts: who has to mend it.
        base = BadInput if run.labels.get(labels.BAD_INPUT) else SlideloomError
        kind = getattr(errors, str(named), base)
        raise (kind if isinstance(kind, type) and issubclass(kind, base) else base)(state.message)
    stopped = state.type is StateType.CANCELLED or state.message == WORKER_STOPPED
    raise ShardDied(
        f"{run.name} ended as {state.name}: {state.message or 'it did not say why'}", not stopped
    )
