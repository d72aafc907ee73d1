"""Work pools: made where they are missing, otherwise left as they are."""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from deployments.register.errors import PoolConflict
from deployments.worker.worker import WarmWorker
from runs.names import CONTROL, GPU, JOBS, WORKER_TYPE

_DESCRIPTIONS = {
    CONTROL: "Workflows and housekeeping: light runs.",
    JOBS: "Jobs that orchestrate; no model is loaded here.",
    GPU: "Shards: the one place where models are loaded.",
}


async def register_pools(client: PrefectClient) -> None:
    """Make the three pools.

    Raises:
        PoolConflict: There is one of another type.
    """
    for name in _DESCRIPTIONS:
        pool = await _there(client, name) or await _made(client, name)
        if pool.type != WORKER_TYPE:
            raise PoolConflict(
                f"work pool {name!r} is of type {pool.type!r}, slideloom's workers need "
                f"{WORKER_TYPE!r}: delete it on Prefect's page of work pools and try again"
            )


async def _there(client: PrefectClient, name: str) -> WorkPool | None:
    try:
        return await client.read_work_pool(name)
    except ObjectNotFound:
        return None


async def _made(client: PrefectClient, name: str) -> WorkPool:
    wanted = WorkPoolCreate(
        name=name,
        type=WORKER_TYPE,
        description=_DESCRIPTIONS[name],
        base_job_template=WarmWorker.get_default_base_job_template(),
    )
    try:
        return await client.create_work_pool(wanted)
    except ObjectAlreadyExists:  # somebody else was quicker
        return await client.read_work_pool(name)
