"""How far a run in this process is: told by tile tasks, read by whoever shows it.

Tile tasks run on threads and know only their folder, so the run is found by it. Nothing is kept
once the run has ended.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Stopped(Exception):
    """The run was stopped; the tile task ends without a result."""


def _nobody(progress: "Progress") -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Progress:
    """Tiles done of a run.

    Attributes:
        total: Tiles to segment.
        done: Tiles segmented so far, those of an earlier attempt included.
        stage: What is being done now.
        stopped: Set when the run should end; tile tasks look at it after every batch.
    """

    total: int = 0
    done: int = 0
    stage: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changed: Callable[["Progress"], None] = _nobody

    def advance(self, tiles: int) -> None:
        """Count finished tiles.

        Raises:
            Stopped: The run was asked to end.
        """
        with self._lock:
            self.done += tiles
            self._changed(self)
        if self.stopped.is_set():
            raise Stopped

    def enter(self, stage: str, total: int | None = None, done: int = 0) -> None:
        """Begin a stage."""
        with self._lock:
            self.stage = stage
            if total is not None:
                self.total, self.done = total, done
            self._changed(self)


_runs: dict[str, Progress] = {}
_watchers: dict[str, Callable[[Progress], None]] = {}


def progress_of(folder: str) -> Progress:
    """The progress of the run in this folder."""
    return _runs.setdefault(folder, Progress(_changed=_watchers.get(folder, _nobody)))


def forget(folder: str) -> None:
    """The run in this folder has ended."""
    _runs.pop(folder, None)


@contextmanager
def watching(folder: str, changed: Callable[[Progress], None]) -> Iterator[None]:
    """Call `changed` at every step of the run in this folder, from the thread that made it."""
    _watchers[folder] = changed
    try:
        yield
    finally:
        del _watchers[folder]
