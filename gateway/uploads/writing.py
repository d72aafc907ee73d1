"""Bytes as they come, counted, into a file: one MiB of memory an upload."""

import asyncio
import hashlib
from types import TracebackType
from typing import Self

from gateway.problems import Problem
from gateway.uploads.staging import Staged

_PIECE_BYTES = 1 << 20


class Writer:
    """Adds to what has come of an upload; what was not flushed at the end is lost.

    Args:
        staged: The upload.
        most_bytes: What it may have in all.
    """

    def __init__(self, staged: Staged, most_bytes: int) -> None:
        """Opens the file; blocks for a moment."""
        self._stream = staged.file.open("ab", buffering=0)
        self._most_bytes = most_bytes
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self.size = staged.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    async def add(self, chunk: bytes) -> None:
        """More bytes.

        Raises:
            Problem: They are too many, or the disk is full.
        """
        self.size += len(chunk)
        if self.size > self._most_bytes:
            raise Problem(413, "upload_too_large", _too_large(self._most_bytes))
        self._waiting += chunk
        if len(self._waiting) >= _PIECE_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits.

        Raises:
            Problem: The disk is full.
        """
        piece, self._waiting = self._waiting, bytearray()
        if piece:
            await asyncio.to_thread(self._write, piece)

    @property
    def sha256(self) -> str:
        """Of what was written by this writer."""
        return self._digest.hexdigest()

    def _write(self, piece: bytearray) -> None:
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            raise no_room() from error
        self._digest.update(piece)


def no_room() -> Problem:
    """The staging folder's disk is full."""
    return Problem(507, "no_room", "there is no room for this upload just now: tell the operator")


def _too_large(most_bytes: int) -> str:
    return (
        f"the upload has more than {most_bytes} bytes, which is all that is left of what you may "
        "upload: delete slides, or ask the operator for more"
    )
