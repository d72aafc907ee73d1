"""Cursors: marks of pages, as clients carry them without a look inside. Pure."""

import base64
import binascii
import struct
from uuid import UUID

from gateway.problems import Problem
from runs.newest import Mark

MAX_CURSOR = 16_384
_TIME, _ID = struct.Struct(">Q"), 16
_YEAR_9999_US = 253_402_300_799_000_000


def to_cursor(mark: Mark | None) -> str | None:
    """The mark as text; None: there is no next page."""
    if mark is None:
        return None
    packed = _TIME.pack(mark.at_us) + b"".join(run_id.bytes for run_id in mark.read)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_cursor(text: str | None) -> Mark | None:
    """The mark that a cursor is.

    Raises:
        Problem: It is none.
    """
    if text is None:
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise _no_cursor() from error
    ids = packed[_TIME.size :]
    if len(packed) < _TIME.size or len(ids) % _ID:
        raise _no_cursor()
    (at_us,) = _TIME.unpack_from(packed)
    if at_us > _YEAR_9999_US:
        raise _no_cursor()
    starts = range(0, len(ids), _ID)
    return Mark(at_us, tuple(UUID(bytes=ids[start : start + _ID]) for start in starts))


def _no_cursor() -> Problem:
    detail = "cursor: this is none: take `next` of the page before, or leave it out"
    return Problem(422, "request_unusable", detail)
