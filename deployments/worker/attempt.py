"""One attempt at a flow run, on a thread and an event loop of its own."""

import asyncio
import contextvars
import threading
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun

from deployments.worker.engines import run_async, run_sync
from deployments.worker.loading import load
from deployments.worker.orders import Orders
from runs import labels
from runs.admission import CLAIMED


class Attempt:
    """A claimed run while this process works on it.

    The run sees nothing of the worker's own context: no client, no loop, no settings of a block of
    code. So blocking code in it holds up neither the worker nor other runs.

    Attributes:
        id: Id of the flow run.
        orders: How it is told to stop.
        error: What ended its thread; Prefect's engines raise whatever ended the flow, too.
        ended: Set on the worker's loop when the thread has ended.
    """

    def __init__(self, run: FlowRun, entrypoint: str | None, orders: Orders) -> None:
        """Nothing runs before `start`; to be called on the worker's loop."""
        self.id: UUID = run.id
        self.orders = orders
        self.error: BaseException | None = None
        self.ended = asyncio.Event()
        self._run = run
        self._entrypoint = entrypoint
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._main, name=f"run-{run.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _main(self) -> None:
        try:
            contextvars.Context().run(self._work)
        except BaseException as error:  # noqa: BLE001 - handed over to the worker's loop
            self.error = error
        finally:
            self._loop.call_soon_threadsafe(self.ended.set)

    def _work(self) -> None:
        admitted: Any = (self._run.labels or {}).get(labels.ADMITTED)
        CLAIMED.set(admitted)
        flow = load(self._entrypoint)
        if self.orders.stop is not None:
            return
        if flow.isasync:
            asyncio.run(run_async(flow, self._run, self.orders))
        else:
            run_sync(flow, self._run, self.orders)
