"""Ending background tasks for certain."""

import asyncio
from typing import Any

_PATIENCE_S = 1.0


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
