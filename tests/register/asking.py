"""What the server holds, as plain values to compare."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from prefect.client.orchestration import PrefectClient, get_client

from blocks import KINDS

_Answer = TypeVar("_Answer")


def ask(question: Callable[[PrefectClient], Awaitable[_Answer]]) -> _Answer:
    """The server's answer."""

    async def asked() -> _Answer:
        async with get_client() as client:
            return await question(client)

    return asyncio.run(asked())


async def everything(client: PrefectClient) -> dict[str, list[dict[str, Any]]]:
    """All that `register` may touch, with ids and times of change."""
    found = {
        "pools": await client.read_work_pools(),
        "block types": await client.read_block_types(),
        "block schemas": await client.read_block_schemas(),
        "block documents": await client.read_block_documents(limit=200, include_secrets=False),
        "limits": await client.read_global_concurrency_limits(limit=200),
        "deployments": await client.read_deployments(),
        "automations": await client.read_automations(),
        "variables": await client.read_variables(),
    }
    return {
        kind: sorted((_plain(thing) for thing in things), key=lambda thing: str(thing["id"]))
        for kind, things in found.items()
    }


def _plain(thing: Any) -> dict[str, Any]:
    plain: dict[str, Any] = thing.model_dump(mode="json")
    plain.pop("status", None)  # of a pool or a deployment: whether a worker has called lately
    plain.pop("last_polled", None)
    return plain


async def clear(client: PrefectClient) -> None:
    """Delete all that `register` makes, but for block types."""
    for deployment in await client.read_deployments():
        await client.delete_deployment(deployment.id)
    for automation in await client.read_automations():
        await client.delete_automation(automation.id)
    for limit in await client.read_global_concurrency_limits(limit=200):
        await client.delete_global_concurrency_limit_by_name(limit.name)
    for variable in await client.read_variables():
        await client.delete_variable_by_name(variable.name)
    for pool in await client.read_work_pools():
        await client.delete_work_pool(pool.name)
    known = {kind.slug for kind in await client.read_block_types()}
    for slug in known & {kind.get_block_type_slug() for kind in KINDS}:
        for document in await client.read_block_documents_by_type(slug):
            await client.delete_block_document(document.id)


async def forget_kinds(client: PrefectClient) -> None:
    """Delete the types of our blocks, with all their documents."""
    known = {kind.slug: kind.id for kind in await client.read_block_types()}
    for slug in known.keys() & {kind.get_block_type_slug() for kind in KINDS}:
        await client.delete_block_type(known[slug])
