"""Parts of files, as RFC 9110 asks for them. Pure."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=[ \t]*(?P<first>[0-9]{0,20})-(?P<last>[0-9]{0,20})[ \t]*", re.I)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


class NoSuchBytes(Exception):
    """The range begins behind the end of the file, or is empty."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file.

    Attributes:
        start: The first, from 0.
        stop: Behind the last.
    """

    start: int
    stop: int


def piece_of(header: str | None, size: int) -> Piece | None:
    """What a `Range` header asks for of a file of `size` bytes; None: all of it.

    Several ranges at once, other units and what cannot be read are left aside, as the standard
    allows.

    Raises:
        NoSuchBytes: None of them is there.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        start, stop = max(size - int(found["last"]), 0), size
    else:
        start = int(found["first"])
        stop = min(int(found["last"]) + 1, size) if found["last"] else size
        if found["last"] and int(found["last"]) < start:
            return None
    if start >= stop:
        raise NoSuchBytes
    return Piece(start, stop)


def names_tag(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names the tag, weak or not, or all."""
    stated = header or ""
    return stated.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(stated)
