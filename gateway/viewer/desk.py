"""Where heavy work waits for a thread: no tenant takes all of them, and no queue grows for ever."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from gateway.problems import Problem

_Result = TypeVar("_Result")


class Desk:
    """Threads for all, of which one tenant gets about half.

    Args:
        threads: Pieces of work at the same time.
        waiting: Pieces of work of one tenant that may wait.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        """Nobody waits."""
        self._all, self._waiting = CapacityLimiter(threads), waiting
        self._each = max(1, (threads + 1) // 2)
        self._own: dict[str, CapacityLimiter] = {}

    async def do(self, tenant: str, work: Callable[[], _Result]) -> _Result:
        """Do something in a thread, when it is its turn.

        Raises:
            Problem: Too much of this tenant's waits already.
        """
        own = self._own.setdefault(tenant, CapacityLimiter(self._each))
        if own.statistics().tasks_waiting >= self._waiting:
            told = "too many requests for cells wait already: ask again in a moment"
            raise Problem(429, "too_many_requests", told, {"Retry-After": "1"})
        async with own:
            return await run_sync(work, limiter=self._all)
