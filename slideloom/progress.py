"""How far a run in this process is: told by tile tasks, read by whoever shows it.

Tile tasks run on threads and get plain data, so they find their run by the attempt's name. An
attempt that has ended is not found any more: what is still running for it stops.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Stopped(Exception):
    """The run was asked to end, or has ended; the tile task leaves without a result."""


@dataclass(slots=True)
class Progress:
    """One attempt at a job.

    Attributes:
        folder: Where its result goes; watchers are found by it.
        total: Tiles to segment.
        done: Tiles segmented so far, those of an earlier attempt included.
        stage: What is being done now.
        attempt: Name under which its tile tasks find it.
    """

    folder: str
    total: int = 0
    done: int = 0
    stage: str = ""
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go_on(self) -> None:
        """Look whether to go on.

        Raises:
            Stopped: The run was asked to end.
        """
        if self._stopped.is_set():
            raise Stopped

    def stop(self) -> None:
        """Ask the run's tile tasks to end; each does before its next batch."""
        self._stopped.set()

    def advance(self, tiles: int) -> None:
        """Count finished tiles; a negative number takes those of a failed try back."""
        with self._lock:
            self.done += tiles
            self._tell()

    def enter(self, stage: str, total: int | None = None, done: int = 0) -> None:
        """Begin a stage."""
        with self._lock:
            self.stage = stage
            if total is not None:
                self.total, self.done = total, done
            self._tell()

    def _tell(self) -> None:
        if watcher := _watchers.get(self.folder):
            watcher(self)


_attempts: dict[str, Progress] = {}
_watchers: dict[str, Callable[[Progress], None]] = {}


@contextmanager
def attempt_at(folder: str) -> Iterator[Progress]:
    """A new attempt; when the block ends, whatever still runs for it is stopped."""
    progress = Progress(folder)
    _attempts[progress.attempt] = progress
    try:
        yield progress
    finally:
        progress.stop()
        del _attempts[progress.attempt]


def progress_of(attempt: str) -> Progress:
    """The attempt of this name.

    Raises:
        Stopped: It has ended.
    """
    try:
        return _attempts[attempt]
    except KeyError:
        raise Stopped from None


@contextmanager
def watching(folder: str, changed: Callable[[Progress], None]) -> Iterator[None]:
    """Call `changed` at every step of a run in this folder, from the thread that made it."""
    _watchers[folder] = changed
    try:
        yield
    finally:
        del _watchers[folder]
