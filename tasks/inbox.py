"""Slides in a folder, as they are found there: which of them have come to rest."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from slideloom.errors import BadInput, SlideloomError
from slideloom.slides.parts import slide_files

ENDINGS = frozenset(
    {
        ".bif", ".bmp", ".czi", ".dcm", ".jpeg", ".jpg", ".mrxs", ".ndpi", ".png", ".scn", ".svs",
        ".svslide", ".tif", ".tiff", ".vms", ".vmu", ".webp",
    }
)  # fmt: skip
"""Names of files that may be slides; what they hold is found out when they are submitted."""
_VENDORS = {".mrxs": "mirax", ".dcm": "dicom"}


class InboxUnusable(BadInput):
    """The folder cannot be looked through."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A slide file as it was found.

    Attributes:
        path: The file.
        key: Digest of path, sizes and times of all its files: another content, another key.
        settled: Nothing in it has changed for a while.
    """

    path: Path
    key: str
    settled: bool


def arrivals(folder: Path, pattern: str, settle_s: float) -> list[Arrival]:
    """Slides in a folder, by name. Of DICOM files in one folder the first stands for all.

    Args:
        folder: The folder.
        pattern: Glob of file names in it; `**/*` looks below it, too.
        settle_s: A file that has changed within so many seconds may still grow.

    Raises:
        InboxUnusable: The folder is not there, or the pattern is none.
    """
    if ".." in PurePath(pattern).parts:
        raise InboxUnusable(f"pattern {pattern!r} leads out of the inbox: leave out '..'")
    if not folder.is_dir():
        raise InboxUnusable(f"inbox {folder} is not a folder: make it, or name another one")
    try:
        found = sorted(folder.glob(pattern))
    except (ValueError, NotImplementedError, OSError) as error:
        raise InboxUnusable(f"pattern {pattern!r} cannot be used in {folder}: {error}") from error
    now_s = time.time()
    return [arrival for path in _slides(found) if (arrival := _arrival(path, now_s - settle_s))]


def _slides(found: list[Path]) -> Iterator[Path]:
    dicom = set[Path]()
    for path in found:
        ending = path.suffix.lower()
        hidden = path.name.startswith(".")
        if hidden or ending not in ENDINGS or (ending == ".dcm" and path.parent in dicom):
            continue
        if path.is_file():
            if ending == ".dcm":
                dicom.add(path.parent)
            yield path


def _arrival(path: Path, before_s: float) -> Arrival | None:
    """None: it has gone while we looked, or cannot be read; the others are not its prisoners."""
    ending = path.suffix.lower()
    try:
        stats = [(str(file), file.stat()) for file in slide_files(path, _VENDORS.get(ending, ""))]
    except (OSError, SlideloomError):
        return None
    content = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    digest = hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
    return Arrival(path, digest, max(stat.st_mtime for _, stat in stats) <= before_s)
