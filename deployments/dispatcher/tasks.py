"""Background tasks: those that go on for ever, and ending them for certain."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

_log = logging.getLogger(__name__)
_PATIENCE_S = 1.0
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


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended.

    Once is not always enough: a context manager that fails on its way out, such as a web socket's,
    puts its own error in the place of the cancellation.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_PATIENCE_S)
