"""Run a flow to its end, or to a tidy stop on Ctrl-C and on SIGTERM.

The flow runs on a thread of its own, so that signals reach this module and not the middle of an
event loop: the first one cancels the flow, which lets running batches end and keeps finished parts;
a second one ends the process at once.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class Interrupted(Exception):
    """A signal asked the command to end; `code` is the exit code that shells expect."""

    def __init__(self, signal_number: int) -> None:
        """Which signal."""
        super().__init__(signal.Signals(signal_number).name)
        self.code = 128 + signal_number


def run_flow(start: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """The flow's result.

    Args:
        start: Makes the flow's coroutine; called on the flow's thread.

    Raises:
        Interrupted: A signal ended it.
    """
    outcome: Future[_Result] = Future()
    running = _Running()
    thread = threading.Thread(target=running.run, args=(start, outcome), name="flow")
    with _signals(running.cancel):
        thread.start()
        thread.join()
    if running.cancelled_by is not None:
        raise Interrupted(running.cancelled_by)
    return outcome.result()


class _Running:
    """The flow on its thread, and the way to cancel it."""

    def __init__(self) -> None:
        self.cancelled_by: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    def run(
        self, start: Callable[[], Coroutine[Any, Any, _Result]], outcome: Future[_Result]
    ) -> None:
        async def main() -> _Result:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            if self.cancelled_by is not None:
                raise asyncio.CancelledError
            return await start()

        try:
            outcome.set_result(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001 - handed over to the main thread
            outcome.set_exception(error)

    def cancel(self, signal_number: int) -> None:
        """Cancel the flow; the second time, end the process."""
        if self.cancelled_by is not None:
            os._exit(128 + signal_number)
        self.cancelled_by = signal_number
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)


@contextmanager
def _signals(handle: Callable[[int], None]) -> Iterator[None]:
    """Hand SIGINT and SIGTERM to `handle` while the block runs; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, _frame: FrameType | None) -> None:
        handle(number)

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
