"""The default document of each store, as the server holds it."""

from pathlib import Path
from typing import TypeVar

from blocks.reading import saved
from blocks.stores import DEFAULT, ModelStore, ResultStore, SlideStore

_Store = TypeVar("_Store", SlideStore, ResultStore, ModelStore)


async def default_store(kind: type[_Store]) -> _Store:
    """The default document; before it is registered, what it will be.

    Raises:
        BlockUnusable: It holds something that cannot be used.
    """
    return await saved(kind, DEFAULT) or kind()


async def model_folder() -> Path:
    """Where the server's models are recorded.

    Raises:
        BlockUnusable: The model store's block holds something that cannot be used.
    """
    return (await default_store(ModelStore)).folder
