"""Tenants of the server: read and saved by id."""

import re

from blocks.defaults import default_store
from blocks.errors import TenantUnknown
from blocks.reading import all_saved, saved
from blocks.stores import ResultStore, SlideStore
from blocks.tenant import Tenant
from slideloom.scheduling.spec import TENANT_PATTERN

_ID = re.compile(TENANT_PATTERN)


async def load_tenant(tenant_id: str) -> Tenant:
    """The tenant, with the stores' folders where it names none of its own.

    Raises:
        TenantUnknown: It was never added.
        BlockUnusable: Its block, or a store's, holds something that cannot be used.
    """
    # A block's name may be read as `type/name`: only ids get through.
    tenant = await saved(Tenant, tenant_id) if is_id(tenant_id) else None
    if tenant is None:
        name = tenant_id if is_id(tenant_id) else "NAME"
        raise TenantUnknown(
            f"tenant {tenant_id!r} is not known here: `slideloom tenants add {name}` makes it"
        )
    return await _with_stores(tenant)


async def list_tenants() -> list[Tenant]:
    """All tenants by id.

    Raises:
        BlockUnusable: A block holds something that cannot be used.
    """
    slides, results = await default_store(SlideStore), await default_store(ResultStore)
    tenants = [tenant for tenant in await all_saved(Tenant) if is_id(tenant.id)]
    for tenant in tenants:
        tenant.use(slides, results)
    return tenants


async def save_tenant(tenant_id: str, tenant: Tenant) -> Tenant:
    """Save the tenant under its id, over what was there.

    Raises:
        TenantUnknown: This cannot be a tenant's id.
    """
    if not is_id(tenant_id):
        raise TenantUnknown(
            f"{tenant_id!r} cannot be a tenant's id: lower-case letters, digits and hyphens, at "
            "most 63, no hyphen first"
        )
    await tenant.asave(tenant_id, overwrite=True)
    return await _with_stores(tenant)


def is_id(text: str) -> bool:
    """Whether this can be a tenant's id."""
    return _ID.fullmatch(text) is not None


async def _with_stores(tenant: Tenant) -> Tenant:
    tenant.use(await default_store(SlideStore), await default_store(ResultStore))
    return tenant
