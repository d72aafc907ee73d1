"""When to ask the server: as soon as an event says that there is something, else seldom.

Prefect's own worker asks every few seconds, or, to start runs within one, several times a second.
A poll costs the server tens of milliseconds of work, whether there is a run or not: four idle
workers that ask twice a second take a third of a core (docs/decisions/0019). What is heard is a
hint, which may be lost or false; so the worker asks all the same from time to time.
"""

import time
from collections.abc import Collection
from uuid import UUID

from prefect.events import Event
from prefect.events.filters import EventFilter

from runs.events import FLOW_RUN, SELDOM_S, STATES, Nudge

WANTED = EventFilter(event=STATES)
"""The events that are listened to."""
_POOL = "prefect.work-pool."


class Ear:
    """What has been heard, and so what is due.

    Args:
        pool: The pool whose runs are to be claimed.
        mine: Runs of this process, as they are at any time.

    Attributes:
        touched: Rings when one of these may have changed.
    """

    def __init__(self, pool: str, mine: Collection[UUID]) -> None:
        """Deaf, as long as nothing else is said."""
        self._pool, self._mine = pool, mine
        self.touched = Nudge()
        self._poll = True
        self._polled_s = float("-inf")

    def hears(self, does: bool) -> None:
        """Whether events come from now on; some may have been missed before."""
        self._poll = True
        self.touched.hears(does)

    def take(self, event: Event) -> None:
        """Take note of an event of a flow run; anybody may send any."""
        if event.resource.get("prefect.state-type") == "SCHEDULED":
            self._poll = self._poll or self._is_for_us(event)
        if any(event.resource.id == f"{FLOW_RUN}{run}" for run in self._mine):
            self.touched.ring()

    def _is_for_us(self, event: Event) -> bool:
        return any(
            related.id.startswith(_POOL) and related.get("prefect.resource.name") == self._pool
            for related in event.related
        )

    def ask_again(self) -> None:
        """There may be runs that were not taken when they were asked for."""
        self._poll = True

    def polls_now(self, is_full: bool) -> bool:
        """Whether to ask for runs now; if so, what was heard until now counts as asked for.

        Args:
            is_full: None could be taken; only that this worker lives is to be seen.
        """
        now_s = time.monotonic()
        due = now_s - self._polled_s >= SELDOM_S
        due = due or not (is_full or (self.touched.can_hear and not self._poll))
        if due:
            self._poll, self._polled_s = False, now_s
        return due
