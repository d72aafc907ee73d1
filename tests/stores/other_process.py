"""What other processes do in these tests; imports little, so that they start soon."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event

from slideloom.stores import Store
from slideloom.stores.slide_cache import SlideCache

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Holder:
    """A process that wants a slide, and keeps it open until it is told.

    Attributes:
        pid: Its id.
        is_open: It has the slide.
        close: It should let go.
    """

    pid: int
    is_open: Event
    close: Event


@contextmanager
def holding(cache: SlideCache, store: Store, name: str) -> Iterator[Holder]:
    """Such a process; it has ended at the end."""
    is_open, close = _SPAWN.Event(), _SPAWN.Event()
    process = _SPAWN.Process(target=_hold, args=(cache, store, name, is_open, close))
    process.start()
    try:
        yield Holder(process.pid or 0, is_open, close)
    finally:
        close.set()
        process.join(60)


def _hold(cache: SlideCache, store: Store, name: str, is_open: Event, close: Event) -> None:
    with cache.open(store, name):
        is_open.set()
        close.wait(60)


def claim(store: Store, content: bytes) -> None:
    """Put it if absent; end with 0 if it was written, else with 7."""
    os._exit(0 if store.put_if_absent("claim", content) else 7)
