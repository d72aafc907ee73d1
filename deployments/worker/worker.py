"""The worker type `warm`."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse, WorkerFlowRunResponse
from prefect.exceptions import ObjectNotFound
from prefect.logging.loggers import patch_print
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.workers.base import BaseWorker, BaseWorkerResult

from deployments.notify import ready
from deployments.worker.attempt import Attempt
from deployments.worker.claiming import claim
from deployments.worker.gates import Gate, gate_of
from deployments.worker.health import Pulse
from deployments.worker.identity import Identity, Stop, attempt_of
from deployments.worker.lock import name_held
from deployments.worker.orders import Orders
from deployments.worker.orphans import settle_orphans
from deployments.worker.polling import WANTED, PollTimer
from deployments.worker.refusals import check_address, check_pool
from deployments.worker.settling import settle
from deployments.worker.template import WarmConfiguration, WarmVariables
from deployments.worker.watching import watching
from runs.events import heard
from runs.names import WORKER_TYPE
from runs.outages import is_outage, outlast
from slideloom.settings import settings

GRACE_S = 20.0
"""How long a worker that is told to stop lets its runs go on."""

STOPPING_S = 30.0
"""How long it then waits for those that it has told to stop."""

_LAST_WORDS_S = 10.0
_LOG = logging.getLogger("prefect.worker.warm")


class WarmResult(BaseWorkerResult):
    """That a run has left its thread; how it ended is its state's to say."""


class WarmWorker(BaseWorker[WarmConfiguration, WarmVariables, WarmResult]):
    """Runs flow runs in this process, each on a thread of its own.

    Attributes:
        identity: What is written on the runs that this process claims.
        stuck: Names of runs that did not stop when the worker did.
        pulse: When it has last polled.
        timer: When it is to poll.
    """

    type = WORKER_TYPE
    job_configuration = WarmConfiguration
    job_configuration_variables = WarmVariables
    _description = (
        "Runs flow runs inside one long-lived process: modules and models are loaded once. "
        "Entrypoints are importable paths; a cancelled run stops at its next await."
    )

    def __init__(
        self,
        work_pool_name: str,
        *args: Any,
        grace_s: float = GRACE_S,
        stopping_s: float = STOPPING_S,
        **kwargs: Any,
    ) -> None:
        """As Prefect's, but for two times.

        Args:
            work_pool_name: Pool to work for.
            args: As Prefect's.
            grace_s: How long runs may go on once the worker is to stop.
            stopping_s: How long they may take to stop once they are told to.
            kwargs: As Prefect's.
        """
        super().__init__(work_pool_name, *args, **kwargs)
        # A run that is claimed ahead of its time would hold a slot of this process.
        self._prefetch_seconds = 0.0
        self.identity = Identity(self.name)
        self.gate: Gate | None = gate_of(work_pool_name)
        self.stuck: list[str] = []
        self._grace_s, self._stopping_s = grace_s, stopping_s
        self._attempts: dict[UUID, Attempt] = {}
        self.pulse = Pulse()
        self.timer = PollTimer(work_pool_name, self._attempts.keys())
        self._polled = self._away = False

    async def start(
        self,
        run_once: bool = False,
        with_healthcheck: bool = False,
        printer: Callable[..., None] = print,
    ) -> None:
        """Work until cancelled; then no run is claimed any more, and those at work are ended."""
        # The client's own pauses would grow to half a minute: an outage is waited for in
        # `outages`. `print` is patched once and for all, as runs that overlap would unpatch it.
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), patch_print():
            await super().start(run_once, with_healthcheck, printer)

    async def setup(self) -> None:
        """Check that the worker may start, and end what its predecessor left behind.

        Raises:
            Refused: It may not.
        """
        check_address()
        pool = self._work_pool_name
        self._exit_stack.enter_context(name_held(pool, self.name))
        async with get_client() as client:
            await outlast(lambda: check_pool(client, pool), float("inf"))
            await outlast(lambda: settle_orphans(client, pool, self.identity), float("inf"))
        await self._exit_stack.enter_async_context(heard(WANTED, self.timer.take, self.timer.hears))
        await self._exit_stack.enter_async_context(watching(self._attempts, self.timer.changes))
        await super().setup()

    async def _setup_cancellation_observer(self) -> None:
        """None: it would mark runs as cancelled that are still at work. See `watching`."""

    async def _sync_and_initialize(self) -> None:
        await self._unless_away(super()._sync_and_initialize)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Poll, if it is time; the first time that works, say that this process is ready."""
        if not self.timer.is_due(self._is_full()):
            return []
        submitted = await self._unless_away(super().get_and_submit_flow_runs)
        if submitted is None or not self._has_successfully_synced:
            self.timer.ask_again()
            return []
        self.pulse.beat()
        self._say_ready()
        return list(submitted)

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        found = await super()._get_scheduled_flow_runs()
        if found:  # not all of them may be taken now
            self.timer.ask_again()
        return found

    def _is_full(self) -> bool:
        return self._limiter is not None and self._limiter.available_tokens < 1

    def _say_ready(self) -> None:
        if not self._polled:
            self._polled = True
            ready()

    def facts(self) -> dict[str, Any]:
        """What this process is and does, for its health endpoint; asked from another thread."""
        # Imported here: only then is numpy needed, which the other pools' workers do without.
        from slideloom.engines import kept

        return {
            "worker": self.name,
            "pool": self._work_pool_name,
            "device": settings().device,
            "runs": sorted(str(run) for run in list(self._attempts)),
            "models": [{"model": model, "device": device} for model, device, _ in kept.loaded()],
        }

    async def _unless_away(self, call: Callable[[], Any]) -> Any:
        """Prefect's loops give up after a while without a server; this worker does not."""
        try:
            answer = await call()
        except httpx.HTTPError as error:
            if not is_outage(error):
                raise
            self._note_away(True)
            return None
        self._note_away(False)
        return answer

    def _note_away(self, away: bool) -> None:
        if away != self._away:
            _LOG.warning("Prefect's server %s.", "is away" if away else "is back")
        self._away = away

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Claim a polled run and see it through; its trouble stays its own."""
        try:
            with anyio.CancelScope(shield=True):
                claimed = await self._claim(flow_run)
            if claimed is not None:
                await self._see_through(*claimed)
        except Exception:  # noqa: BLE001 - one run must not end the worker, and so all others
            self.get_flow_run_logger(flow_run).exception("The worker gave the run up.")
        finally:
            self._submitting_flow_run_ids.discard(flow_run.id)
            self._release_limit_slot(flow_run.id)
            self.timer.ask_again()

    async def _claim(self, flow_run: FlowRun) -> tuple[FlowRun, WarmConfiguration] | None:
        deployment = await self._deployment_of(flow_run)
        if deployment is None:
            gone = {"message": "It belongs to no deployment, or to one that no longer exists."}
            await self._mark_flow_run_as_cancelled(flow_run, gone)
            return None
        run = await claim(self.client, flow_run, self.identity, self.gate)
        if run is None:
            return None
        with suppress(httpx.HTTPError):
            await self._give_worker_labels_to_flow_run(flow_run.id)
        configuration = WarmConfiguration()
        configuration.prepare_for_flow_run(run, deployment)
        return run, configuration

    async def _deployment_of(self, flow_run: FlowRun) -> DeploymentResponse | None:
        if flow_run.deployment_id is None:
            return None
        try:
            return await self.client.read_deployment(flow_run.deployment_id)
        except ObjectNotFound:
            return None

    async def _see_through(self, flow_run: FlowRun, configuration: WarmConfiguration) -> None:
        submitted = self._emit_flow_run_submitted_event(configuration)
        result = await self.run(flow_run, configuration)
        self._emit_flow_run_executed_event(result, configuration, submitted)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmResult:
        """Run a claimed run to its end."""
        orders = Orders(str(self.identity), attempt_of(flow_run))
        attempt = Attempt(flow_run, configuration.entrypoint, orders)
        self._attempts[flow_run.id] = attempt
        attempt.start()
        if task_status is not None:
            task_status.started(0)
        try:
            await attempt.ended.wait()
            await outlast(lambda: settle(self.client, attempt))
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await self._drain(flow_run, attempt)
            raise
        finally:
            del self._attempts[flow_run.id]
        return WarmResult(identifier=str(self.identity), status_code=0)

    async def _drain(self, flow_run: FlowRun, attempt: Attempt) -> None:
        """Let a run end by itself, then tell it to."""
        with anyio.move_on_after(self._grace_s):
            await attempt.ended.wait()
        attempt.orders.order(Stop.WORKER)
        with anyio.move_on_after(self._stopping_s):
            await attempt.ended.wait()
        if not attempt.ended.is_set():
            self.stuck.append(flow_run.name)
        await outlast(lambda: settle(self.client, attempt), _LAST_WORDS_S)
