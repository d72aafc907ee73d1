"""What is read from Prefect for many: once for all who ask within a few seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Moment(Generic[_Value]):
    """A value as it was a moment ago; whoever asks while it is being read waits for that reading.

    Args:
        read: Reads it.
        keep_s: How long it counts.

    Attributes:
        last: What was read last, however old; None: nothing yet.
    """

    def __init__(self, read: Callable[[], Awaitable[_Value]], keep_s: float) -> None:
        """Nothing is read yet."""
        self._read, self._keep_s = read, keep_s
        self._reading: asyncio.Task[_Value] | None = None
        self._until_s = float("-inf")
        self.last: _Value | None = None

    async def get(self) -> _Value:
        """The value; what the reading raises, all who wait for it are told."""
        reading = self._reading
        if reading is None or (reading.done() and time.monotonic() >= self._until_s):
            reading = self._reading = asyncio.create_task(self._now())
        # Shielded: it is not only for the one who asked first, and may be gone by then.
        return await asyncio.shield(reading)

    async def _now(self) -> _Value:
        self._until_s = float("-inf")  # a reading that fails is not kept
        self.last = value = await self._read()
        self._until_s = time.monotonic() + self._keep_s
        return value
