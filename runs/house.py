"""How busy the house is: workers, jobs that run and wait, tenants that are active."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkerFilter,
    WorkerFilterStatus,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from runs.limits import read_limit
from runs.names import CONTROL, GPU, GPU_TAG, JOBS, PLACES, tenant_tag
from runs.paging import JOB_RUNS
from runs.places import read
from slideloom.scheduling.state import Standing

POOLS = (CONTROL, JOBS, GPU)
_QUEUED = (StateType.PAUSED,)
_ADMITTED = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
_AT_WORK = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
_WORKERS = 200
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Jobs:
    """How many jobs there are that have not ended.

    Attributes:
        queued: Those that wait to be admitted.
        running: Those that are admitted.
    """

    queued: int
    running: int


@dataclass(frozen=True, slots=True)
class House:
    """How busy the house was at one time.

    Attributes:
        workers: Workers online, by pool.
        at_work: Runs that workers have taken, by pool.
        jobs: All tenants' jobs.
        active_tenants: Tenants that hold a place.
        gpu_limit: Shards that run at the same time; None: nobody has registered yet.
    """

    workers: dict[str, int]
    at_work: dict[str, int]
    jobs: Jobs
    active_tenants: int
    gpu_limit: int | None


async def read_house(client: PrefectClient) -> House:
    """How busy the house is now: ten small requests, however many jobs there are."""
    workers, at_work, jobs, active, gpu_limit = await asyncio.gather(
        _by_pool(partial(_workers, client)),
        _by_pool(partial(_runs, client)),
        count_jobs(client),
        _active(client),
        read_limit(client, GPU_TAG),
    )
    return House(workers, at_work, jobs, active, gpu_limit)


async def count_jobs(client: PrefectClient, tenant: str | None = None) -> Jobs:
    """How many jobs wait and run; two requests.

    Args:
        client: Prefect's client.
        tenant: Only this tenant's.
    """
    counts = (_count(client, types, tenant) for types in (_QUEUED, _ADMITTED))
    return Jobs(*await asyncio.gather(*counts))


async def queue_depths(client: PrefectClient, tenants: Iterable[str]) -> dict[str, int]:
    """How many jobs of each tenant wait; one request a tenant."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def depth(tenant: str) -> tuple[str, int]:
        async with room:
            return tenant, await _count(client, _QUEUED, tenant)

    return dict(await asyncio.gather(*map(depth, tenants)))


async def _count(client: PrefectClient, types: Sequence[StateType], tenant: str | None) -> int:
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
        tags=FlowRunFilterTags(all_=[tenant_tag(tenant)]) if tenant else None,
    )
    return await client.count_flow_runs(deployment_filter=JOB_RUNS, flow_run_filter=wanted)


async def _by_pool(count: Callable[[str], Awaitable[int]]) -> dict[str, int]:
    return dict(zip(POOLS, await asyncio.gather(*map(count, POOLS)), strict=True))


async def _workers(client: PrefectClient, pool: str) -> int:
    online = WorkerFilter(status=WorkerFilterStatus(any_=["ONLINE"]))
    try:
        found = await client.read_workers_for_work_pool(pool, online, limit=_WORKERS)
    except ObjectNotFound:
        return 0
    return len(found)


async def _runs(client: PrefectClient, pool: str) -> int:
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_AT_WORK)))
    )
    named = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    return await client.count_flow_runs(flow_run_filter=wanted, work_pool_filter=named)


async def _active(client: PrefectClient) -> int:
    variable = await client.read_variable_by_name(PLACES)
    places = read(variable.value) if variable else ()
    return sum(place.standing is not Standing.QUEUED for place in places)
