"""Tenants with their GPU limits, for the command line and whoever else adds some."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from blocks import Tenant, is_id, list_tenants, load_tenant, model_folder, save_tenant
from blocks.reading import saved
from deployments.register.server import connected
from runs.limits import register_tenant_limit, tenant_limit
from slideloom.engines.loading import check_model
from slideloom.errors import OutputUnwritable, ParametersUnusable
from slideloom.models import ModelStore


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a tenant.

    Attributes:
        tenant: The tenant as it is now.
        gpu_limit: How many of its shards may run at the same time.
        changed: Fields that were changed; None where the tenant is new.
    """

    tenant: Tenant
    gpu_limit: int
    changed: list[str] | None


async def add_tenant(name: str, given: Mapping[str, Any]) -> Added:
    """Add a tenant, or change the fields that are given of one that is there; its limit too.

    Args:
        name: The tenant's id.
        given: Fields of the block `Tenant`.

    Raises:
        TenantUnknown: This cannot be a tenant's id.
        ParametersUnusable: A field is out of bounds.
        ModelUnavailable: The model is not in the server's model store.
        BlockUnusable: The tenant's block, or a store's, holds something that cannot be used.
        OutputUnwritable: The tenant is added, but its slide folder cannot be made.
        ServerMissing: PREFECT_API_URL names no server.
        ServerUnreachable: The server does not answer.
        ServerMismatch: It is of another version of Prefect.
    """
    async with connected() as client:
        if model := given.get("default_model"):
            check_model(model, ModelStore(await model_folder()))
        there = await saved(Tenant, name) if is_id(name) else None
        before = _fields(there) if there else {}
        tenant = _checked({**before, **given})
        changed = [field for field, value in _fields(tenant).items() if value != before.get(field)]
        tenant = await save_tenant(name, tenant)
        limit = await register_tenant_limit(client, tenant)
    _make_folder(tenant)
    return Added(tenant, limit, changed if there else None)


def _make_folder(tenant: Tenant) -> None:
    """Make the folder that slides are put into, where it is ours to make."""
    if tenant.slide_root is not None or not tenant.slide_store.is_local:
        return
    try:
        tenant.slides.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"tenant {tenant.id} is added, but its slide folder {tenant.slides} cannot be made "
            f"({error.strerror}): make it, or give another with --slides"
        ) from error


def _fields(tenant: Tenant) -> dict[str, Any]:
    return {field: getattr(tenant, field) for field in Tenant.model_fields}


def _checked(fields: dict[str, Any]) -> Tenant:
    try:
        return Tenant(**fields)
    except ValidationError as error:
        said = [
            f"--{str(found['loc'][0]).replace('_', '-')}: {found['msg']}"
            for found in error.errors()
        ]
        raise ParametersUnusable("; ".join(said)) from None


async def known_tenants() -> list[tuple[Tenant, int]]:
    """All tenants and their GPU limits.

    Raises:
        BlockUnusable: A block holds something that cannot be used.
        ServerMissing: PREFECT_API_URL names no server.
        ServerUnreachable: The server does not answer.
        ServerMismatch: It is of another version of Prefect.
    """
    async with connected() as client:
        return [(tenant, await tenant_limit(client, tenant)) for tenant in await list_tenants()]


async def known_tenant(name: str) -> tuple[Tenant, int]:
    """A tenant and its GPU limit.

    Raises:
        TenantUnknown: It was never added.
        BlockUnusable: A block holds something that cannot be used.
        ServerMissing: PREFECT_API_URL names no server.
        ServerUnreachable: The server does not answer.
        ServerMismatch: It is of another version of Prefect.
    """
    async with connected() as client:
        tenant = await load_tenant(name)
        return tenant, await tenant_limit(client, tenant)
