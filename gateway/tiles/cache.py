"""Encoded pictures, bounded by bytes; equal requests at the same time are made once."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable

import anyio
import anyio.to_thread

from gateway.problems import busy

_AGAIN_S = 2


class PictureCache:
    """Pictures that were asked for a while ago, the least recently used out first.

    Args:
        max_bytes: How much is kept.
        threads: How many are made at once.
        queue: How many may be made or wait for it.

    Attributes:
        limiter: Who else works on slides shares these threads.
        size_bytes: What is kept now.
    """

    def __init__(self, max_bytes: int, threads: int, queue: int) -> None:
        """Nothing is kept yet."""
        self._max_bytes, self._queue = max_bytes, queue
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._made: dict[Hashable, asyncio.Task[bytes]] = {}
        self.limiter = anyio.CapacityLimiter(threads)
        self.size_bytes = 0

    async def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """A picture.

        Args:
            key: What it is of; another content has another key.
            make: Makes it; blocks.

        Raises:
            Problem: Too many are being made.
        """
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._made:
            if len(self._made) >= self._queue:
                raise busy("too many pictures are being drawn: try again", _AGAIN_S)
            self._made[key] = asyncio.create_task(self._make(key, make))
        # Whoever goes away does not take the picture from the others.
        return await asyncio.shield(self._made[key])

    async def close(self) -> None:
        """Wait for what is being made."""
        await asyncio.gather(*self._made.values(), return_exceptions=True)

    async def _make(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        try:
            picture = await anyio.to_thread.run_sync(make, limiter=self.limiter)
        finally:
            del self._made[key]
        self._keep(key, picture)
        return picture

    def _keep(self, key: Hashable, picture: bytes) -> None:
        if len(picture) > self._max_bytes:
            return
        self._kept[key] = picture
        self.size_bytes += len(picture)
        while self.size_bytes > self._max_bytes:
            _, old = self._kept.popitem(last=False)
            self.size_bytes -= len(old)
