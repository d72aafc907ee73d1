"""Background tasks that go on for ever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

_log = logging.getLogger(__name__)
_PAUSE_S = 1.0


async def forever(write: Callable[[], Awaitable[None]]) -> None:
    """Make one write after the other; one that fails is logged and does not end the rest."""
    while True:
        try:
            await write()
        except Exception as error:  # noqa: BLE001 - one write must not end all
            _log.warning("a write failed and will be made again: %r", error)
            await asyncio.sleep(_PAUSE_S)


async def until_any(todo: Mapping[str, object], work: asyncio.Event) -> None:
    """Wait until there is something to do; whoever adds to it sets the event."""
    while not todo:
        work.clear()
        await work.wait()
