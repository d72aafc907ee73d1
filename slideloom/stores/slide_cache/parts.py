"""Which objects a slide consists of; as `slideloom.slides.parts` for files."""

from pathlib import PurePosixPath

from slideloom.slides.parts import DICOM_MAGIC, DICOM_MAGIC_AT, INDEX_ENDINGS, names_in_index
from slideloom.stores.base import Entry
from slideloom.stores.store import Store

_INDEX_BYTES = 1 << 20
_ONE_FILE = frozenset(
    {
        ".bif", ".bmp", ".czi", ".jpeg", ".jpg", ".ndpi", ".png", ".scn", ".svs", ".svslide",
        ".tif", ".tiff", ".webp",
    }
)  # fmt: skip
"""Endings of slides in one file: no look at their content is needed to say so."""


def slide_parts(store: Store, name: str) -> tuple[Entry, ...]:
    """Every object of a slide, by name, the slide's own among them.

    The slide itself is looked at first: where it is replaced while its parts are listed, its
    version here is the old one, which cannot be fetched any more.

    Raises:
        FileNotFoundError: The slide is not there.
        PermissionError: It may not be read.
        StoreFailed: The store does not answer.
    """
    found = {name: store.stat(name)}
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".mrxs":
        found |= {part.name: part for part in store.list(name[: -len(ending)])}
    elif ending in INDEX_ENDINGS:
        found |= _named_in(store, name)
    elif _is_dicom(store, name):
        found |= {part.name: part for part in _beside(store, name) if _is_dicom(store, part.name)}
    return tuple(found[part] for part in sorted(found))


def _named_in(store: Store, name: str) -> dict[str, Entry]:
    text = store.read_at(name, 0, _INDEX_BYTES).decode(errors="replace")
    named = names_in_index(text)
    folder = PurePosixPath(name).parent
    wanted = {str(folder / value) for value in named}
    return {part.name: part for part in _beside(store, name) if part.name in wanted}


def _beside(store: Store, name: str) -> list[Entry]:
    """What is in the folder of an object, and not below it."""
    folder, _, _ = name.rpartition("/")
    return [part for part in store.list(folder) if part.name.rpartition("/")[0] == folder]


def _is_dicom(store: Store, name: str) -> bool:
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".dcm" or ending in _ONE_FILE:
        return ending == ".dcm"
    return store.read_at(name, DICOM_MAGIC_AT, len(DICOM_MAGIC)) == DICOM_MAGIC
