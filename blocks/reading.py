"""Blocks as the server holds them."""

from collections.abc import Callable
from typing import TypeVar

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from pydantic import ValidationError

from blocks.errors import BlockUnusable

_PAGE = 200
_Kind = TypeVar("_Kind", bound=Block)


async def saved(kind: type[_Kind], name: str) -> _Kind | None:
    """The document of this name; None where there is none.

    Raises:
        BlockUnusable: It holds something that cannot be used.
    """
    async with get_client() as client:
        try:
            document = await client.read_block_document_by_name(name, kind.get_block_type_slug())
        except ObjectNotFound:
            return None
    return _block(kind, document)


async def all_saved(
    kind: type[_Kind], unusable: Callable[[BlockUnusable], None] | None = None
) -> list[_Kind]:
    """All documents of this kind, by name.

    Args:
        kind: The kind.
        unusable: Is told of documents that cannot be used, which are then left out.

    Raises:
        BlockUnusable: One holds something that cannot be used, and nobody is to be told.
    """
    blocks: list[_Kind] = []
    for document in await _documents(kind):
        try:
            blocks.append(_block(kind, document))
        except BlockUnusable as error:
            if unusable is None:
                raise
            unusable(error)
    return sorted(blocks, key=lambda block: block._block_document_name or "")


async def _documents(kind: type[Block]) -> list[BlockDocument]:
    found = page = await _page(kind, 0)
    while len(page) == _PAGE:
        page = await _page(kind, len(found))
        found = found + page
    return found


async def _page(kind: type[Block], offset: int) -> list[BlockDocument]:
    async with get_client() as client:
        try:
            return await client.read_block_documents_by_type(
                kind.get_block_type_slug(), offset=offset, limit=_PAGE
            )
        except PrefectHTTPStatusError as error:
            if error.response.status_code == 404:  # the kind itself is not registered yet
                return []
            raise


def _block(kind: type[_Kind], document: BlockDocument) -> _Kind:
    try:
        return kind._from_block_document(document)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()
        )
        raise BlockUnusable(
            f"block {kind.get_block_type_slug()}/{document.name}: {said}; mend it on Prefect's "
            "page of blocks"
        ) from error
