"""When to ask the server: as soon as an event says that there is something, else seldom.

Prefect's own worker asks every few seconds, or, to start runs within one, several times a second.
A poll costs the server tens of milliseconds of work, whether there is a run or not: four idle
workers that ask twice a second take a third of a core (docs/decisions/0019). What is heard is a
hint, which may be lost or false, or come before what it tells of can be read; so the worker asks
all the same from time to time.
"""

import time
from collections.abc import Collection
from uuid import UUID

from prefect.events import Event
from prefect.events.filters import EventFilter

from runs.events import COMMITTED_S, FLOW_RUN, SELDOM_S, STATES, Wakeup

WANTED = EventFilter(event=STATES)
"""The events that are listened to."""
_POOL = "prefect.work-pool."


class PollTimer:
    """When a worker is to poll, by what has been heard.

    Args:
        pool: The pool whose runs are to be claimed.
        mine: Runs of this process, as they are at any time.

    Attributes:
        changes: Wakes when one of these may have changed.
    """

    def __init__(self, pool: str, mine: Collection[UUID]) -> None:
        """Deaf, as long as nothing else is said."""
        self._pool, self._mine = pool, mine
        self.changes = Wakeup()
        self._poll = True
        self._polled_s = self._heard_s = float("-inf")

    def hears(self, does: bool) -> None:
        """Whether events come from now on; some may have been missed before."""
        self._poll = True
        self.changes.hears(does)

    def take(self, event: Event) -> None:
        """Take note of an event of a flow run; anybody may send any."""
        if event.resource.get("prefect.state-type") == "SCHEDULED" and self._is_for_us(event):
            self._poll, self._heard_s = True, time.monotonic()
        if any(event.resource.id == f"{FLOW_RUN}{run}" for run in self._mine):
            self.changes.wake()

    def _is_for_us(self, event: Event) -> bool:
        return any(
            related.id.startswith(_POOL) and related.get("prefect.resource.name") == self._pool
            for related in event.related
        )

    def ask_again(self) -> None:
        """There may be runs that were not taken when they were asked for."""
        self._poll = True

    def is_due(self, is_full: bool) -> bool:
        """Whether to ask for runs now; if so, what was heard until now counts as asked for.

        Args:
            is_full: None could be taken; only that this worker lives is to be seen.
        """
        now_s = time.monotonic()
        again = any(self._polled_s < self._heard_s + later_s <= now_s for later_s in COMMITTED_S)
        due = now_s - self._polled_s >= SELDOM_S
        due = due or not (is_full or (self.changes.can_hear and not (self._poll or again)))
        if due:
            self._poll, self._polled_s = False, now_s
        return due
