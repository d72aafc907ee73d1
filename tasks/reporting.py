"""A job tells how far it is, and what it waits for, as long as it segments.

On a server this is also its sign of life to its shards (see `tasks.owners`).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType, Worker, WorkerStatus
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from runs.names import GPU, GPU_TAG, gpu_tenant_tag
from runs.progress import Told
from runs.records import JobRun
from slideloom.progress import Progress
from tasks.artifacts import renew_progress, start_progress
from tasks.shard_runs import live_shards

RENEW_S = 4.0
_ASK_S = 3.0
"""What a job waits for is asked no longer than that: it must not hold up the sign of life."""
_UNCOUNTED = {"", "plan", "engine"}
_WITH_SHARDS = {"engine", "segment"}
_AT_WORK = {StateType.RUNNING, StateType.PENDING}


@asynccontextmanager
async def reported(progress: Progress, own: JobRun | None) -> AsyncIterator[None]:
    """Keep the run's progress artifact up to date while the block runs.

    Args:
        progress: How far this attempt is.
        own: The job's run; None where it is not a run of a deployment.
    """
    shown = await start_progress()
    renewing = asyncio.create_task(_renew(shown, progress, own))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await renew_progress(shown, told_of(progress))


def told_of(progress: Progress, waits: str = "") -> Told:
    """How far an attempt is."""
    counted = progress.stage not in _UNCOUNTED
    return Told(progress.done, progress.total if counted else None, waits)


async def _renew(shown: UUID, progress: Progress, own: JobRun | None) -> None:
    last, waits = Told(), ""
    # The client's own pauses would outlast the silence after which shards stop.
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        async with get_client() as client:
            while True:
                await asyncio.sleep(RENEW_S)
                now = told_of(progress, waits)
                if own is not None or now != last:
                    await renew_progress(shown, now)
                    last = now
                asks = own is not None and progress.stage in _WITH_SHARDS
                waits = await _waits(client, own) if own and asks else ""


async def _waits(client: PrefectClient, own: JobRun) -> str:
    """What the job waits for; empty where it does not, or the server does not say."""
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_ASK_S):
            shards = await live_shards(client, own.id)
            if any(shard.state_type in _AT_WORK for shard in shards):
                return ""
            workers = await client.read_workers_for_work_pool(GPU)
            return why_it_waits(own.tenant, shards, workers)
    return ""


def why_it_waits(tenant: str, shards: Sequence[FlowRun], workers: Sequence[Worker]) -> str:
    """What a job waits for none of whose shards is at work.

    Args:
        tenant: Whose it is.
        shards: Its shards that have been made and not started.
        workers: Workers that the pool has known.
    """
    if not any(worker.status == WorkerStatus.ONLINE for worker in workers):
        return f"no worker of pool {GPU} is running: `slideloom worker` starts one"
    if shards:
        return f"all workers of pool {GPU} are busy"
    return f"the limits {GPU_TAG} and {gpu_tenant_tag(tenant)} are reached"
