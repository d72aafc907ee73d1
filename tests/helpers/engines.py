"""Engines for tests of what goes wrong: the oracle, counting, failing on request."""

import threading

import numpy as np

from slideloom.arrays import Int32, UInt8
from slideloom.engines.base import EngineInfo
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed
from slideloom.normalisation import Normalisation

POISON = (255, 0, 255)
"""Colour of the pixels that bad tiles hold; as light as glass to the oracle."""


def poison(pixels: UInt8, x: int, y: int) -> None:
    """Spoil a slide that is in memory: 2 × 2 pixels from (x, y) on."""
    pixels[y : y + 2, x : x + 2] = POISON


def is_poisoned(tile: UInt8) -> bool:
    """Whether a tile holds such pixels."""
    return bool((tile == POISON).all(axis=-1).any())


class Refusing:
    """The oracle, which fails on tiles that hold `POISON`.

    Args:
        breaks_at: Number of tiles that it has seen from which it fails on all of them.
        blank: Bad tiles are without cells instead.
    """

    def __init__(self, breaks_at: int | None = None, blank: bool = False) -> None:
        self._engine = OracleEngine()
        self._breaks_at, self._blank = breaks_at, blank
        self.tiles = 0

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        self.tiles += len(batch)
        if self._breaks_at is not None and self.tiles >= self._breaks_at:
            raise EngineFailed("the device is lost")
        labels = self._engine.segment(batch, normalisation)
        bad = [is_poisoned(tile) for tile in batch]
        if any(bad) and not self._blank:
            raise EngineFailed("numbers are not finite")
        return [
            np.zeros_like(label) if spoilt else label
            for label, spoilt in zip(labels, bad, strict=True)
        ]


class Counting:
    """The oracle, counting the tiles that go through it.

    Args:
        fail_at: Number of tiles from which it fails; None never.
        times: How often it fails; None for good.
    """

    def __init__(self, fail_at: int | None = None, times: int | None = None) -> None:
        self._engine = OracleEngine()
        self._fail_at = fail_at
        self._left = times
        self._lock = threading.Lock()
        self.tiles = 0

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        with self._lock:
            self.tiles += len(batch)
            if self._fail_at is not None and self.tiles >= self._fail_at and self._left != 0:
                self._left = None if self._left is None else self._left - 1
                raise EngineFailed("the engine was told to fail")
        return self._engine.segment(batch, normalisation)
