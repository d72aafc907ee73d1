"""Concurrency limits of GPU work, by tag: for all, and for each tenant.

A number that somebody stated wins: SLIDELOOM_GPU_LIMIT, a tenant's own `gpu_limit`, or
SLIDELOOM_TENANT_GPU_LIMIT. A default only fills a gap: what an operator set on Prefect's page stays
as long as nobody states anything else. Slots in use are never touched.
"""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from blocks import Tenant
from runs.names import gpu_tenant_tag
from slideloom.settings import settings


async def register_tenant_limit(client: PrefectClient, tenant: Tenant) -> int:
    """The tenant's limit; how many of its shards may run at the same time."""
    stated = settings()
    explicit = tenant.gpu_limit is not None or "tenant_gpu_limit" in stated.model_fields_set
    wanted = tenant.gpu_limit or stated.tenant_gpu_limit
    return await set_limit(client, gpu_tenant_tag(tenant.id), wanted, explicit)


async def tenant_limit(client: PrefectClient, tenant: Tenant) -> int:
    """How many of the tenant's shards may run at the same time: as it is, or as it will be made."""
    there = await _there(client, f"tag:{gpu_tenant_tag(tenant.id)}")
    return tenant.gpu_limit or settings().tenant_gpu_limit if there is None else there


async def read_limit(client: PrefectClient, tag: str) -> int | None:
    """The limit of a tag; None where there is none."""
    return await _there(client, f"tag:{tag}")


async def set_limit(client: PrefectClient, tag: str, wanted: int, explicit: bool) -> int:
    """Make the limit of a tag, or change it where somebody has stated it; what it is now."""
    name = f"tag:{tag}"  # Prefect's name for the limit of task runs with this tag
    there = await _there(client, name) or await _made(client, name, wanted)
    if there == wanted or not explicit:
        return there
    await client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=wanted))
    return wanted


async def _there(client: PrefectClient, name: str) -> int | None:
    try:
        return (await client.read_global_concurrency_limit_by_name(name)).limit
    except ObjectNotFound:
        return None


async def _made(client: PrefectClient, name: str, limit: int) -> int:
    """A limit without decay: slots are leased, and come back with the lease of who held them."""
    try:
        await client.create_global_concurrency_limit(
            GlobalConcurrencyLimitCreate(name=name, limit=limit, slot_decay_per_second=0.0)
        )
    except ObjectAlreadyExists:  # somebody else was quicker
        return (await client.read_global_concurrency_limit_by_name(name)).limit
    return limit
