"""Slides that are decoded in blocks at fixed places, and the cache that holds the blocks.

Reading through fixed blocks makes a pixel's value independent of the rectangle asked for, and
decodes what two rectangles share only once.
"""

import itertools
import threading
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from slideloom.arrays import UInt8
from slideloom.errors import ParametersUnusable
from slideloom.slides.base import Level, PixelSize, Slide

CACHE_BYTES = 256 * 1024 * 1024
"""Decoded pixels kept by the process, over all open slides."""

BlockKey = tuple[int, int, int, int]
"""Slide number, level, column, row."""


class BlockCache:
    """Decoded blocks, least recently used out first; safe for threads.

    The lock is held for book-keeping only, never while a block is decoded. Two threads that ask
    for one block decode it once: the second waits for the first and gets its block or its error.
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._blocks: OrderedDict[BlockKey, UInt8] = OrderedDict()
        self._pending: dict[BlockKey, Future[UInt8]] = {}
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def get(self, key: BlockKey, decode: Callable[[], UInt8]) -> UInt8:
        """The block at `key`, decoded if need be; it must not be written to."""
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
                return block
            pending = self._pending.get(key)
            if pending is None:
                mine: Future[UInt8] = Future()
                self._pending[key] = mine
        if pending is not None:
            return pending.result()
        return self._decode(key, decode, mine)

    def _decode(self, key: BlockKey, decode: Callable[[], UInt8], mine: Future[UInt8]) -> UInt8:
        try:
            block = decode()
        except BaseException as error:  # also an interrupt must wake those who wait
            with self._lock:
                self._pending.pop(key, None)
            mine.set_exception(error)
            raise
        block.setflags(write=False)
        with self._lock:
            # Without its entry the slide was closed meanwhile: the block must not stay.
            if self._pending.pop(key, None) is not None:
                self._insert(key, block)
        mine.set_result(block)
        return block

    def _insert(self, key: BlockKey, block: UInt8) -> None:
        if block.nbytes > self._max_bytes:
            return
        self._blocks[key] = block
        self._bytes += block.nbytes
        while self._bytes > self._max_bytes:
            _, old = self._blocks.popitem(last=False)
            self._bytes -= old.nbytes

    def drop(self, slide_number: int) -> None:
        """Forget the blocks of one slide."""
        with self._lock:
            for key in [key for key in self._blocks if key[0] == slide_number]:
                self._bytes -= self._blocks.pop(key).nbytes
            for key in [key for key in self._pending if key[0] == slide_number]:
                del self._pending[key]


_shared_cache = BlockCache()
_slide_numbers = itertools.count()


class BlockedSlide(Slide):
    """A slide that decodes one block of one level at a time."""

    def __init__(self, path: Path, name: str, mpp: PixelSize, levels: tuple[Level, ...]) -> None:
        self.path = path
        self.format = name
        self.mpp = mpp
        self.levels = levels
        self._cache = _shared_cache
        self._number = next(_slide_numbers)
        self._closed = False

    @abstractmethod
    def decode_block(self, level: int, column: int, row: int) -> UInt8:
        """Decode one block: (h, w, 3) uint8 RGB, cut at the level's end.

        Block (column, row) begins at level pixel (column · w, row · h), with (w, h) =
        `block_px(level)`. Called by several threads at once.

        Raises:
            SlideUnreadable: The file breaks at this place.
        """

    def read(self, level: int, x: int, y: int, width: int, height: int) -> UInt8:
        """See `Slide.read`."""
        if self._closed:
            raise ValueError(f"{self.path} is closed")
        if not 0 <= level < len(self.levels) or width < 0 or height < 0:
            raise ParametersUnusable(
                f"{self.path} has levels 0 to {len(self.levels) - 1}: cannot read "
                f"{width} × {height} px of level {level}"
            )
        out = np.full((height, width, 3), 255, dtype=np.uint8)
        size = self.levels[level]
        block_w, block_h = self.block_px(level)
        for row in _touched(y, height, size.height_px, block_h):
            for column in _touched(x, width, size.width_px, block_w):
                block = self._block(level, column, row)
                _paste(block, out, column * block_w - x, row * block_h - y)
        return out

    def _block(self, level: int, column: int, row: int) -> UInt8:
        key = (self._number, level, column, row)
        return self._cache.get(key, lambda: self.decode_block(level, column, row))

    def block_rect(self, level: int, column: int, row: int) -> tuple[int, int, int, int]:
        """(x, y, width, height) of a block in pixels of its level, cut at the level's end."""
        size = self.levels[level]
        block_w, block_h = self.block_px(level)
        x, y = column * block_w, row * block_h
        return x, y, min(block_w, size.width_px - x), min(block_h, size.height_px - y)

    def close(self) -> None:
        """See `Slide.close`."""
        if not self._closed:
            self._closed = True
            self._cache.drop(self._number)
            self.release()

    @abstractmethod
    def release(self) -> None:
        """Let go of file handles and pixels; called once."""


def _touched(start: int, length: int, limit: int, block: int) -> range:
    """Indices of the blocks along one axis that [start, start + length) meets."""
    low, high = max(start, 0), min(start + length, limit)
    if low >= high:
        return range(0)
    return range(low // block, -(-high // block))


def _paste(block: UInt8, out: UInt8, x: int, y: int) -> None:
    """Copy the part of `block` that lies in `out`, with its corner at (x, y) there."""
    left, top = max(x, 0), max(y, 0)
    right = min(x + block.shape[1], out.shape[1])
    bottom = min(y + block.shape[0], out.shape[0])
    out[top:bottom, left:right] = block[top - y : bottom - y, left - x : right - x]
