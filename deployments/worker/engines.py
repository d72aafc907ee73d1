"""Prefect's flow engines, made to obey an order to stop.

Prefect's own engine takes a cancelled task for a crash and forces that state onto the server, where
it would be tried again. These keep their states to themselves once the run is told to stop, and
look before they write one: Prefect would let a run that was queued again, or ended, go on by it.
"""

from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.flow_engine import AsyncFlowRunEngine, FlowRunEngine
from prefect.flows import Flow
from prefect.states import Cancelled, Cancelling

from deployments.worker.identity import Stop
from deployments.worker.orders import Orders
from runs.outages import outlast, outlast_sync

BEAT_S = 30


class ObedientAsyncEngine(AsyncFlowRunEngine[Any, Any]):
    """For `async def` flows: stops at the next `await`."""

    orders: Orders

    @property
    def heartbeat_seconds(self) -> int:
        """As often as Prefect allows, whatever its settings say: the dispatcher listens for it."""
        return BEAT_S

    async def set_state(self, state: State[Any], force: bool = False) -> State[Any]:
        """Propose a state, unless the run is to stop."""
        if self.orders.stop is None:
            return await outlast(lambda: self._propose(state, force))
        return await self._stopped()

    async def _propose(self, state: State[Any], force: bool) -> State[Any]:
        if self.orders.refuse(await self._read()):
            return await self._stopped()
        reached = await super().set_state(state, force)
        self.orders.concluded = reached.is_final()
        return reached

    async def _read(self) -> FlowRun | None:
        try:
            return await self.client.read_flow_run(_id_of(self.flow_run))
        except ObjectNotFound:
            return None

    async def _stopped(self) -> State[Any]:
        if _end_quietly(self.flow_run, self.orders):
            await self.call_hooks(Cancelling())
        return self.state

    async def handle_crash(self, exc: BaseException) -> None:
        """Take a cancelled task for what it is."""
        if self.orders.stop is None:
            await super().handle_crash(exc)
            return
        self._raised = exc  # type: ignore[assignment]
        self.logger.info(self.orders.stop.value)
        await self._stopped()
        self._telemetry.end_span_on_failure(self.orders.stop.value)


class ObedientSyncEngine(FlowRunEngine[Any, Any]):
    """For plain flows: they run to their end, but the end is not written."""

    orders: Orders

    @property
    def heartbeat_seconds(self) -> int:
        """As often as Prefect allows, whatever its settings say: the dispatcher listens for it."""
        return BEAT_S

    def set_state(self, state: State[Any], force: bool = False) -> State[Any]:
        """Propose a state, unless the run is to stop."""
        if self.orders.stop is None:
            return outlast_sync(lambda: self._propose(state, force))
        return self._stopped()

    def _propose(self, state: State[Any], force: bool) -> State[Any]:
        if self.orders.refuse(self._read()):
            return self._stopped()
        reached = super().set_state(state, force)
        self.orders.concluded = reached.is_final()
        return reached

    def _read(self) -> FlowRun | None:
        try:
            return self.client.read_flow_run(_id_of(self.flow_run))
        except ObjectNotFound:
            return None

    def _stopped(self) -> State[Any]:
        if _end_quietly(self.flow_run, self.orders):
            self.call_hooks(Cancelling())
        return self.state


def _id_of(run: FlowRun | None) -> UUID:
    if run is None:
        raise RuntimeError("the engine has no flow run")
    return run.id


def _end_quietly(run: FlowRun | None, orders: Orders) -> bool:
    """End the engine's loop without a word to the server.

    Returns:
        Whether the flow's cancellation hooks are due.
    """
    if run is None or orders.stop is None:
        raise RuntimeError("the engine has no flow run, or no order to stop")
    anew = run.state is None or not run.state.is_cancelled()
    run.state = Cancelled(message=orders.stop.value)
    return anew and orders.stop is Stop.CANCELLED


async def run_async(flow: Flow[Any, Any], run: FlowRun, orders: Orders) -> None:
    """Run an `async def` flow in the current task."""
    engine = ObedientAsyncEngine(flow=flow, parameters=run.parameters, flow_run=run)
    engine.orders = orders
    orders.attach()
    try:
        async with engine.start():
            while engine.is_running():
                async with engine.run_context():
                    _ = await engine.call_flow_fn()
    finally:
        orders.detach()


def run_sync(flow: Flow[Any, Any], run: FlowRun, orders: Orders) -> None:
    """Run a plain flow in the current thread."""
    engine = ObedientSyncEngine(flow=flow, parameters=run.parameters, flow_run=run)
    engine.orders = orders
    with engine.start():
        while engine.is_running():
            with engine.run_context():
                engine.call_flow_fn()
