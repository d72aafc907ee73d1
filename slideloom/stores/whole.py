"""Local files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from slideloom.stores.names import WRITING

_FOLDER_TRIES = 10


@contextmanager
def written_beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A stream into a new file in the folder of `path`, and its path, to be put in place within.

    What has not been moved away at the end is removed.
    """
    handle, name = _new_file(path.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream, made
    finally:
        made.unlink(missing_ok=True)


def settle(stream: BinaryIO, made: Path) -> None:
    """Bring everything to the disk, readable for others as usual."""
    stream.flush()
    os.fsync(stream.fileno())
    made.chmod(0o644)


def put_in_place(made: Path, path: Path, only_if_absent: bool = False) -> bool:
    """Give a settled file its name; False: the name was taken, and nothing was changed.

    Raises:
        OSError: The disk refuses; `only_if_absent` needs one that has hard links.
    """
    if only_if_absent:
        try:
            path.hardlink_to(made)
        except FileExistsError:
            return False
    else:
        made.replace(path)
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _new_file(folder: Path) -> tuple[int, str]:
    """A new file; somebody may just be removing the folder."""
    for _ in range(_FOLDER_TRIES):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return tempfile.mkstemp(prefix=WRITING, dir=folder)
        except FileNotFoundError:
            continue
    raise FileNotFoundError(f"{folder} is removed again and again while it is written into")
