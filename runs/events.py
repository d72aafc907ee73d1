"""Prefect's events: one subscription, opened again whenever it ends.

What is heard is a hint, never the truth: Prefect drops events that a listener is too slow for, and
tells nobody. Whoever listens reads everything again from time to time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter

from runs.ending import end

FLOW_RUN = "prefect.flow-run."
"""Prefix of the names of events about flow runs, and of the ids of these."""
HEARTBEAT = f"{FLOW_RUN}heartbeat"
"""Name of the event by which a run shows that it lives."""
STATES = EventNameFilter(prefix=[FLOW_RUN], exclude_name=[HEARTBEAT])
"""Events of flow runs that have taken a state."""
SELDOM_S = 5.0
"""How often whoever hears asks all the same."""
COMMITTED_S = (0.1, 1.0)
"""Prefect tells of a state before its transaction ends: who asks at once may see what was before,
and asks again after so long, each time."""
_PAUSE_S = 1.0


class Wakeup:
    """Tells a loop that asks the server for something when to ask again.

    Attributes:
        can_hear: Whether events come.
    """

    def __init__(self) -> None:
        """Deaf, as long as nothing else is said."""
        self.can_hear = False
        self._due = asyncio.Event()
        self._asked = len(COMMITTED_S)

    def hears(self, does: bool) -> None:
        """Whether events come from now on; some may have been missed before."""
        self.can_hear = does
        self.wake()

    def wake(self) -> None:
        """Something may have changed."""
        self._due.set()

    async def wait(self, deaf_s: float) -> None:
        """Until it is time to ask.

        Args:
            deaf_s: At most so long while nothing can be heard; else up to `SELDOM_S`.
        """
        patience_s = (*COMMITTED_S, SELDOM_S)[self._asked]
        with suppress(TimeoutError):
            await asyncio.wait_for(self._due.wait(), patience_s if self.can_hear else deaf_s)
        self._asked = 0 if self._due.is_set() else min(self._asked + 1, len(COMMITTED_S))
        self._due.clear()


@asynccontextmanager
async def changes_of(run: UUID) -> AsyncIterator[Wakeup]:
    """Wakes whenever a flow run has taken a state, while the block runs."""
    wakeup = Wakeup()
    wanted = EventFilter(event=STATES, resource=EventResourceFilter(id=[f"{FLOW_RUN}{run}"]))
    async with heard(wanted, lambda _: wakeup.wake(), wakeup.hears):
        yield wakeup


@asynccontextmanager
async def heard(
    wanted: EventFilter, take: Callable[[Event], None], hears: Callable[[bool], None]
) -> AsyncIterator[None]:
    """Listen while the block runs.

    Args:
        wanted: Which events.
        take: Is given each of them.
        hears: Is told True whenever it begins to listen, so that events may have been missed
            before, and False when it is deaf.
    """
    task = asyncio.create_task(_listen(wanted, take, hears))
    try:
        yield
    finally:
        await end(task)


async def _listen(
    wanted: EventFilter, take: Callable[[Event], None], hears: Callable[[bool], None]
) -> None:
    while True:
        mine = wanted.model_copy()  # the subscriber writes into it since when it listens
        try:
            async with get_events_subscriber(filter=mine, reconnection_attempts=0) as events:
                hears(True)
                async for event in events:
                    take(event)
        except Exception:  # noqa: BLE001 - whatever ends the stream, it is opened again
            await asyncio.sleep(_PAUSE_S)
        finally:
            hears(False)
