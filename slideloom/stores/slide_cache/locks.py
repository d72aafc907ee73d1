"""Locks that the system frees when a process ends, however it ends (flock).

Each lock has an open file of its own, so it holds against threads of the same process too. Whoever
holds a lock alone may remove its file: a lock counts only while its name leads to what is locked.
"""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from slideloom.stores.errors import StoreFailed

_LOOK_AGAIN_S = 0.05


class Lock:
    """A lock that is held; released at the end of its `with`."""

    def __init__(self, path: Path, file: IO[str], alone: bool) -> None:
        """See `take`."""
        self.is_alone = alone
        self._path = path
        self._file = file

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let it go; once is enough."""
        self._file.close()

    def share(self) -> None:
        """Hold it beside others from now on.

        The system lets go for a moment: somebody may be quicker, and remove it.
        """
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self.is_alone = False

    def remove(self) -> None:
        """Remove the file of a lock that is held alone, and let it go."""
        self._path.unlink(missing_ok=True)
        self.release()

    def is_in_place(self) -> bool:
        """Whether its name still leads to it."""
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False


def take(path: Path, *, alone: bool) -> Lock | None:
    """The lock, if it is free now: for oneself alone, or beside others who share it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a")  # noqa: SIM115 - held until it is released
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        lock = Lock(path, file, alone)
        if lock.is_in_place():
            return lock
        lock.release()


def wait_for(path: Path, patience_s: float) -> Lock:
    """The lock for oneself alone, as soon as it is free.

    Raises:
        StoreFailed: It is not, for all this time.
    """
    deadline = time.monotonic() + patience_s
    while (lock := take(path, alone=True)) is None:
        if time.monotonic() > deadline:
            raise StoreFailed(
                f"{path} is held by another process for more than {patience_s:.0f} s: look for "
                "one that hangs, and end it"
            )
        time.sleep(_LOOK_AGAIN_S)
    return lock
