"""Prefect's events: which runs have changed, and which give signs of life."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from prefect.events import Event
from prefect.events.filters import EventFilter, EventNameFilter

from runs.events import FLOW_RUN as _PREFIX
from runs.events import HEARTBEAT, heard


class EventFeed:
    """What was heard since somebody last took it.

    Attributes:
        wake: Set when there is something to do.
        since_s: Since when it listens without a gap, on the monotonic clock; infinite: it is deaf.
        beats_s: Last sign of life by run, on the monotonic clock.
    """

    def __init__(self) -> None:
        """Not listening yet."""
        self.wake = asyncio.Event()
        self.since_s = math.inf
        self.beats_s: dict[str, float] = {}
        self._changed: set[str] = set()

    def take_note(self, event: Event) -> None:
        """Take note of an event of a flow run."""
        run_id = event.resource.id.removeprefix(_PREFIX)
        if not _is_id(run_id):
            return  # anybody may send any event
        self.beats_s[run_id] = time.monotonic()
        if event.event != HEARTBEAT:
            self.note(run_id)

    def note(self, *run_ids: str) -> None:
        """These runs are to be read again."""
        self._changed.update(run_ids)
        self.wake.set()

    def take(self) -> set[str]:
        """The runs to be read again; they are yours now."""
        changed, self._changed = self._changed, set()
        self.wake.clear()
        return changed

    async def sleep(self, seconds: float) -> None:
        """Until something is heard, at most so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wake.wait(), seconds)

    def forget_silent(self, older_than_s: float) -> None:
        """Drop signs of life that no longer count."""
        now = time.monotonic()
        self.beats_s = {run: at for run, at in self.beats_s.items() if now - at < older_than_s}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@asynccontextmanager
async def listening(feed: EventFeed, gap: asyncio.Event) -> AsyncIterator[None]:
    """Listen while the block runs.

    Args:
        feed: Takes note of what comes.
        gap: Set whenever events may have been missed: compare everything.
    """

    def hears(does: bool) -> None:
        feed.since_s = time.monotonic() if does else math.inf
        if does:
            gap.set()

    async with heard(EventFilter(event=EventNameFilter(prefix=[_PREFIX])), feed.take_note, hears):
        yield
