"""One piece of work for all who want its outcome at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Once(Generic[_Key, _Value]):
    """Work in progress by key."""

    def __init__(self) -> None:
        """Nothing is in progress."""
        self._working: dict[_Key, asyncio.Task[_Value]] = {}

    async def get(self, key: _Key, make: Callable[[], Awaitable[_Value]]) -> _Value:
        """What `make` gives; those who come while it works get the same, or the same error.

        It goes on when one who waits is cancelled.
        """
        task = self._working.get(key)
        if task is None:
            task = asyncio.ensure_future(_made(make))
            self._working[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def __contains__(self, key: _Key) -> bool:
        return key in self._working

    def __len__(self) -> int:
        return len(self._working)

    async def ended(self) -> None:
        """Wait for all that is in progress."""
        if self._working:
            await asyncio.wait(list(self._working.values()))

    def _ended(self, key: _Key, task: "asyncio.Task[_Value]") -> None:
        del self._working[key]
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits any more


async def _made(make: Callable[[], Awaitable[_Value]]) -> _Value:
    return await make()
