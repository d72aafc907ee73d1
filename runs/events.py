"""Prefect's events: one subscription, opened again whenever it ends.

What is heard is a hint, never the truth: Prefect drops events that a listener is too slow for, and
tells nobody. Whoever listens reads everything again from time to time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter

from runs.ending import end

FLOW_RUN = "prefect.flow-run."
"""Prefix of the names of events about flow runs, and of the ids of these."""
_PAUSE_S = 1.0


@asynccontextmanager
async def heard(
    names: EventNameFilter, take: Callable[[Event], None], hears: Callable[[bool], None]
) -> AsyncIterator[None]:
    """Listen while the block runs.

    Args:
        names: Which events.
        take: Is given each of them.
        hears: Is told True whenever it begins to listen, so that events may have been missed
            before, and False when it is deaf.
    """
    task = asyncio.create_task(_listen(names, take, hears))
    try:
        yield
    finally:
        await end(task)


async def _listen(
    names: EventNameFilter, take: Callable[[Event], None], hears: Callable[[bool], None]
) -> None:
    while True:
        wanted = EventFilter(event=names)
        try:
            async with get_events_subscriber(filter=wanted, reconnection_attempts=0) as events:
                hears(True)
                async for event in events:
                    take(event)
        except Exception:  # noqa: BLE001 - whatever ends the stream, it is opened again
            await asyncio.sleep(_PAUSE_S)
        finally:
            hears(False)
