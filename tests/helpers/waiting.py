"""Waiting for a condition; never for a while."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

PATIENCE_S = 150.0
"""A busy machine may need so long for what takes a second elsewhere."""


def _pause_s(took_s: float) -> float:
    """How long to pause after a look that took so long: others need the cores, too."""
    return min(max(0.02, 3 * took_s), 0.3)


async def looks() -> AsyncIterator[None]:
    """Look again and again, with pauses; the caller leaves when it has seen what it waits for."""
    while True:
        began = time.monotonic()
        yield
        await asyncio.sleep(_pause_s(time.monotonic() - began))


def wait_until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: It does not hold in time.
    """
    deadline = time.monotonic() + timeout_s
    began = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now > deadline:
            raise TimeoutError(f"the condition did not hold within {timeout_s:g} s")
        time.sleep(_pause_s(now - began))
        began = time.monotonic()
