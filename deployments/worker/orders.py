"""What a run's thread is told from outside: whether to stop, and why."""

import asyncio
import threading
from dataclasses import dataclass, field

from prefect.client.schemas.objects import FlowRun

from deployments.worker.identity import Stop, reason_to_stop


@dataclass(slots=True)
class Orders:
    """Between the worker's loop and the thread of one run.

    Attributes:
        process: Identity of this process.
        attempt: How often the run had been admitted when it was claimed.
        stop: Why the run shall stop; None: it goes on. The first reason stands.
        concluded: The run has written its end; it needs no more orders.
    """

    process: str
    attempt: int
    stop: Stop | None = None
    concluded: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loop: asyncio.AbstractEventLoop | None = None
    _task: "asyncio.Task[object] | None" = None

    def order(self, why: Stop) -> None:
        """Tell the run to stop: its task is cancelled once, from its own loop."""
        with self._lock:
            if self.stop is not None or self.concluded:
                return
            self.stop = why
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def look_at(self, run: FlowRun | None) -> None:
        """Tell the run to stop where the server says that it is not this process's any more."""
        why = reason_to_stop(run, self.process, self.attempt)
        if why is not None:
            self.order(why)

    def refuse(self, run: FlowRun | None) -> bool:
        """The same from within the run, before it writes a state: nothing is cancelled.

        Returns:
            Whether nothing must be written.
        """
        with self._lock:
            if self.stop is None:
                self.stop = reason_to_stop(run, self.process, self.attempt)
            return self.stop is not None

    def attach(self) -> None:
        """From now on the current task is the one to cancel; called on the run's loop."""
        with self._lock:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()

    def detach(self) -> None:
        """The task is over."""
        with self._lock:
            self._loop = self._task = None
