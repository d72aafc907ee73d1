"""The limits of GPU work: the one for all, and those of all tenants that are there."""

import logging

from prefect.client.orchestration import PrefectClient

from blocks import Tenant, is_id
from blocks.errors import BlockUnusable
from blocks.reading import all_saved
from runs.limits import register_tenant_limit, set_limit
from runs.names import GPU_TAG
from slideloom.settings import settings

_LOG = logging.getLogger(__name__)


async def register_limits(client: PrefectClient) -> None:
    """The limit for all and those of all tenants."""
    stated = settings()
    await set_limit(client, GPU_TAG, stated.gpu_limit, "gpu_limit" in stated.model_fields_set)
    # One tenant's broken block must not keep the server, where it is mended, from starting.
    for tenant in await all_saved(Tenant, _tell):
        if is_id(tenant.id):
            await register_tenant_limit(client, tenant)


def _tell(error: BlockUnusable) -> None:
    _LOG.warning("%s", error)
