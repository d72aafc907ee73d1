"""What a slide is called at the door, and where it lies in the tenant's slides.

An uploaded slide has an id of its own, 32 hex digits: the time, then 80 random bits, so that ids
sort as uploads came. One that was put there in another way is named after its place.
"""

import base64
import binascii
import re
import secrets
import time
from pathlib import PurePosixPath

UPLOADS = "uploads"
CARD = "slide.json"
_TIME_DIGITS = 12
_UPLOADED = re.compile(r"[0-9a-f]{32}")
_STORED = re.compile(rf"{UPLOADS}/(?P<id>[0-9a-f]{{32}})/slide\.[a-z]{{3,7}}")
_PLACED = "p-"
_MOST_CHARACTERS = 1400
"""A name in a store has at most 1024 bytes; a third more as base64."""
ENDINGS = frozenset(
    {
        ".bif", ".bmp", ".czi", ".dcm", ".jpeg", ".jpg", ".mrxs", ".ndpi", ".png", ".scn", ".svs",
        ".svslide", ".tif", ".tiff", ".vms", ".vmu", ".webp",
    }
)  # fmt: skip
"""Endings by which slides are found that nobody uploaded."""


def new_id(now_s: float | None = None) -> str:
    """An id for an upload that begins now."""
    moment = time.time() if now_s is None else now_s
    return f"{round(moment * 1000):0{_TIME_DIGITS}x}{secrets.token_hex(10)}"


def began_s(upload: str) -> float:
    """When an upload began, in seconds since 1970."""
    return int(upload[:_TIME_DIGITS], 16) / 1000


def is_uploaded(slide: str) -> bool:
    """Whether this is the form of an uploaded slide's id."""
    return _UPLOADED.fullmatch(slide) is not None


def slide_id_of(path: str) -> str:
    """The id of a slide by its path, relative to the tenant's slides and normalised."""
    stored = _STORED.fullmatch(path)
    return stored["id"] if stored else _PLACED + _encoded(path)


def placed_path(slide: str) -> str | None:
    """The path that an id of a placed slide names; None: it is no such id.

    Whether it stays within the tenant's slides is for `Tenant.slide_name` to say.
    """
    text = slide.removeprefix(_PLACED)
    if text == slide or not 0 < len(text) <= _MOST_CHARACTERS or not text.isascii():
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        path = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return path if _encoded(path) == text and not is_below_uploads(path) else None


def is_below_uploads(path: str) -> bool:
    """Whether a path is one of the places that only uploads use."""
    return path == UPLOADS or path.startswith(f"{UPLOADS}/")


def is_placed(path: str) -> bool:
    """Whether a file of this path counts as a slide that was put there."""
    return not is_below_uploads(path) and PurePosixPath(path).suffix.lower() in ENDINGS


def _encoded(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")
