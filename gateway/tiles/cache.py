"""Encoded pictures, bounded by bytes; equal requests at the same time are made once."""

from collections.abc import Callable, Hashable

import anyio
import anyio.to_thread

from gateway.once import Once
from gateway.problems import busy
from slideloom.viewer.recent import Recent

_AGAIN_S = 2


class PictureCache:
    """Pictures that were asked for a while ago, the least recently used out first.

    Args:
        max_bytes: How much is kept.
        threads: How many are made at once.
        queue: How many may be made or wait for it.

    Attributes:
        limiter: Who else works on slides shares these threads.
    """

    def __init__(self, max_bytes: int, threads: int, queue: int) -> None:
        """Nothing is kept yet."""
        self._queue = queue
        self._kept = Recent[Hashable, bytes](max_bytes)
        self._making = Once[Hashable, bytes]()
        self.limiter = anyio.CapacityLimiter(threads)

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return self._kept.nbytes

    async def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """A picture; whoever goes away does not take it from others who wait for it.

        Args:
            key: What it is of; another content has another key.
            make: Makes it; blocks.

        Raises:
            Problem: Too many are being made.
        """
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        if key not in self._making and len(self._making) >= self._queue:
            raise busy("too many pictures are being drawn: try again", _AGAIN_S)
        return await self._making.get(key, lambda: self._make(key, make))

    async def close(self) -> None:
        """Wait for what is being made."""
        await self._making.ended()

    async def _make(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        picture = await anyio.to_thread.run_sync(make, limiter=self.limiter)
        self._kept.put(key, picture, len(picture))
        return picture
