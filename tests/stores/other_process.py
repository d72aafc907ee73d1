"""What other processes do in these tests; imports little, so that they start soon."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from slideloom.stores import Store
from slideloom.stores.slide_cache import SlideCache

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Holder:
    """A process that wants a slide, and keeps it open until it is told.

    Attributes:
        pid: Its id.
        line: It says when it has the slide, and lets go when this is closed.
    """

    pid: int
    line: Connection

    def has_it(self) -> bool:
        """Whether it gets the slide, within a minute."""
        return self.line.poll(60)

    def let_go(self) -> None:
        """Tell it to close the slide."""
        self.line.close()


@contextmanager
def holding(cache: SlideCache, store: Store, name: str) -> Iterator[Holder]:
    """Such a process; it has ended at the end."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_hold, args=(cache, store, name, theirs))
    process.start()
    theirs.close()
    try:
        yield Holder(process.pid or 0, ours)
    finally:
        ours.close()
        process.join(60)


def _hold(cache: SlideCache, store: Store, name: str, line: Connection) -> None:
    with cache.open(store, name), suppress(EOFError, ConnectionError):
        line.send("open")
        line.recv()


def claim(store: Store, content: bytes) -> None:
    """Put it if absent; end with 0 if it was written, else with 7."""
    os._exit(0 if store.put_if_absent("claim", content) else 7)
