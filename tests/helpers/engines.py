"""Engines for tests of what goes wrong: the oracle, counting, failing on request."""

import threading

from slideloom.arrays import Int32, UInt8
from slideloom.engines.base import EngineInfo
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed
from slideloom.normalisation import Normalisation


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
