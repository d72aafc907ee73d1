"""What a store is made of: entries, what is written, and the protocol of a place."""

import hashlib
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK_BYTES = 1 << 20
"""How much is in memory at once while something is copied."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a store.

    Attributes:
        name: Its name, relative to the store's root.
        size: Bytes.
        version: Another content has another version: the ETag, or of a local file its inode, size
            and time.
    """

    name: str
    size: int
    version: str


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be written: bytes, or a local file."""

    content: bytes | Path

    def open(self) -> AbstractContextManager[BinaryIO]:
        """It as a stream of bytes."""
        if isinstance(self.content, Path):
            return self.content.open("rb")
        return io.BytesIO(self.content)

    def sha256(self) -> str:
        """Its digest, as 64 hex digits; a file is read once."""
        with self.open() as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()


def always() -> None:
    """Go on: nobody can call it off."""


class Sink(Protocol):
    """What content is written into: an empty stream that can be begun again."""

    def write(self, data: bytes, /) -> int:
        """Write all of it."""

    def seek(self, offset: int, /) -> int:
        """Go on from there."""

    def truncate(self) -> int:
        """Forget what comes after."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A sink that asks before every piece whether to go on.

    Attributes:
        sink: Where it goes.
        go_on: Called before every piece; what it raises ends the copy.
    """

    sink: Sink
    go_on: Callable[[], None]

    def write(self, data: bytes, /) -> int:
        """See `Sink`."""
        self.go_on()
        return self.sink.write(data)

    def seek(self, offset: int, /) -> int:
        """See `Sink`."""
        return self.sink.seek(offset)

    def truncate(self) -> int:
        """See `Sink`."""
        return self.sink.truncate()


class Place(Protocol):
    """One kind of storage, by names that have been checked.

    All raise FileNotFoundError for what is missing, PermissionError for what is refused, and
    StoreFailed for the rest.
    """

    def write(self, name: str, source: Source, only_if_absent: bool) -> Entry | None:
        """Write whole or not at all; None: it was there, and nothing was written."""

    def copy_to(self, name: str, sink: Sink, version: str | None) -> Entry:
        """Write its content into an empty, seekable stream.

        Raises:
            StoreChanged: It is not of this version.
        """

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        """A piece of it; shorter, or empty, where it ends before."""

    def stat(self, name: str) -> Entry:
        """Its size and version."""

    def list_below(self, prefix: str) -> list[Entry]:
        """Everything below a folder, or of an empty prefix everything; in no order."""

    def remove(self, name: str) -> None:
        """Remove it, if it is there."""

    def remove_below(self, prefix: str) -> None:
        """Remove everything below a folder."""
