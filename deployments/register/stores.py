"""Block types, and the default document of each store."""

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from blocks import DEFAULT, KINDS, STORES


async def register_blocks(client: PrefectClient) -> None:
    """Make types and schemas known, and default documents where they are missing."""
    for kind in KINDS:
        await _register(client, kind)
    for store in STORES:
        await _keep_or_make(client, store)


async def _register(client: PrefectClient, kind: type[Block]) -> None:
    try:
        await kind.aregister_type_and_schema(client=client)
    except ObjectAlreadyExists:
        # Prefect looks first and creates then: somebody else was quicker, so it is there now.
        await kind.aregister_type_and_schema(client=client)


async def _keep_or_make(client: PrefectClient, store: type[Block]) -> None:
    try:
        await client.read_block_document_by_name(DEFAULT, store.get_block_type_slug())
    except ObjectNotFound:
        # Over what was there: only somebody who does the very same can have been quicker.
        await store().asave(DEFAULT, overwrite=True)
