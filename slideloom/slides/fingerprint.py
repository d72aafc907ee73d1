"""The identity of a slide's pixels."""

import hashlib
from pathlib import Path

from slideloom.errors import SlideUnreadable
from slideloom.slides.base import Slide


def fingerprint(slide: Slide) -> str:
    """SHA-256 over every byte that can change a pixel, as 64 hex digits.

    For a slide in one file it is the file's own SHA-256, whatever the file is called and wherever
    it lies. For a slide in several files (`.mrxs`, `.vms`, DICOM) it is the SHA-256 of a list of
    their names relative to the common folder, sizes and digests.

    The whole slide is read once, in pieces: about 1 s per GB with the processor's SHA
    instructions, else 3 s, or what the disk allows. A pixel size that the user gave is no part
    of it.

    Raises:
        SlideUnreadable: A file cannot be read.
    """
    paths = slide.files()
    try:
        if len(paths) == 1:
            return _digest(paths[0])
        return hashlib.sha256(_listing(slide.path.parent, paths)).hexdigest()
    except OSError as error:
        raise SlideUnreadable(
            f"cannot read {error.filename}, a part of {slide.path} ({error.strerror}): "
            "copy the slide again"
        ) from error


def _listing(folder: Path, paths: tuple[Path, ...]) -> bytes:
    """One entry a file, in the order of the relative names."""
    names = sorted(path.relative_to(folder).as_posix() for path in paths)
    entries = [
        f"{name}\0{(folder / name).stat().st_size} {_digest(folder / name)}\n" for name in names
    ]
    return "".join(entries).encode(errors="surrogateescape")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
