"""`run.json`: who computed a result, when, and how long each stage took.

It stands outside of the promise of equal bytes, and so outside of the manifest.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from slideloom.results.folder import RUN, ResultFolder


class RunLog:
    """One attempt at a job; earlier attempts in the same folder stay in the file."""

    def __init__(self, folder: ResultFolder) -> None:
        """Begin an attempt."""
        self._folder = folder
        earlier: list[dict[str, Any]] = []
        if (folder.path / RUN).exists():
            earlier = folder.read_json(RUN)["attempts"]
        self._seconds: dict[str, float] = {}
        self._attempt: dict[str, Any] = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._earlier = earlier
        self.write()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        began = time.perf_counter()
        yield
        self.record(name, time.perf_counter() - began)

    def record(self, name: str, seconds: float) -> None:
        """Note how long a stage took, in the file at once: a later stage may fail."""
        self._seconds[name] = round(seconds, 3)
        self.write()

    def count_tiles(self, tiles: int) -> None:
        """Note how many tiles this attempt has to segment."""
        self._attempt["tiles"] = tiles
        self.write()

    def write(self) -> None:
        """Bring the file up to date."""
        attempt = {**self._attempt, "seconds": self._seconds}
        self._folder.write_json(RUN, {"attempts": [*self._earlier, attempt]})
