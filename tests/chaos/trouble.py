"""What can go wrong in a city, as acts with a name; a seed decides which come when."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import AwaitingRetry

from runs.changes import cancel
from runs.names import TISSUE_JOB
from runs.requests import retry_job
from runs.states import QUEUED
from slideloom.errors import BadInput
from tests.chaos.city import City
from tests.helpers.waiting import wait_until

_RUNNING = {StateType.PENDING, StateType.RUNNING}
_FAILED = {StateType.FAILED, StateType.CRASHED}


class Trouble:
    """Does one thing at a time, and writes down what.

    Args:
        city: Where.
        workflows: Ids of the workflows whose jobs are troubled.
        seed: Of all choices.
    """

    def __init__(self, city: City, workflows: list[str], seed: int) -> None:
        self._city, self._workflows = city, workflows
        self._random = random.Random(seed)
        self.done: list[str] = []

    def one_of_each(self) -> None:
        """Every kind of trouble once, in an order of chance."""
        acts = self._acts()
        self._random.shuffle(acts)
        for act in acts:
            self._do(act)

    def go_on(self, until: Callable[[], bool], pause_s: float) -> None:
        """Trouble of chance, with pauses, until a condition holds."""
        while not until():
            self._do(self._random.choice(self._acts()))
            with suppress(TimeoutError):
                wait_until(until, pause_s * self._random.uniform(0.5, 1.5))

    def _acts(self) -> list[Callable[[], str]]:
        return [
            lambda: self._kill("jobs-1"),
            lambda: self._kill("jobs-2"),
            lambda: self._kill("dispatcher"),
            lambda: self._kill("control"),
            lambda: self._ask(self._cancel_queued),
            lambda: self._ask(self._cancel_running),
            lambda: self._ask(self._retry),
            lambda: self._ask(self._resume_by_hand),
            lambda: self._ask(self._retry_by_hand),
            lambda: self._ask(self._run_by_hand),
        ]

    def _do(self, act: Callable[[], str]) -> None:
        self.done.append(act())

    def _kill(self, name: str) -> str:
        """`kill -9`, with whatever runs in it; it is started again at once."""
        self._city.kill(name)
        self._city.start(name)
        return f"killed {name}"

    def _ask(self, act: Callable[[PrefectClient], Awaitable[str]]) -> str:
        async def call() -> str:
            async with get_client() as client:
                return await act(client)

        return asyncio.run(call())

    def _pick(self, wanted: Callable[[FlowRun], bool]) -> FlowRun | None:
        jobs = [job for workflow in self._workflows for job in self._jobs[workflow] if wanted(job)]
        return self._random.choice(jobs) if jobs else None

    async def _look(self, client: PrefectClient) -> None:
        self._jobs: dict[str, list[FlowRun]] = {}
        for workflow in self._workflows:
            body = {"flow_runs": {"tags": {"all_": [f"workflow:{workflow}"]}}, "limit": 200}
            response = await client.request("POST", "/flow_runs/filter", json=body)
            runs = [FlowRun.model_validate(run) for run in response.json()]
            self._jobs[workflow] = sorted(
                (run for run in runs if "slideloom.index" in run.labels), key=lambda run: run.name
            )

    async def _cancel_queued(self, client: PrefectClient) -> str:
        await self._look(client)
        if job := self._pick(lambda run: run.state is not None and run.state.name == QUEUED):
            await cancel(client, str(job.id))
            return f"cancelled {job.name} while it was queued"
        return "no job to cancel is queued"

    async def _cancel_running(self, client: PrefectClient) -> str:
        await self._look(client)
        if job := self._pick(lambda run: run.state is not None and run.state.type in _RUNNING):
            await cancel(client, str(job.id))
            return f"cancelled {job.name} while it was running"
        return "no job to cancel is running"

    async def _retry(self, client: PrefectClient) -> str:
        await self._look(client)
        if job := self._pick(lambda run: run.state is not None and run.state.type in _FAILED):
            try:
                await retry_job(client, str(job.id))
            except BadInput as refused:
                return f"a retry was refused: {refused}"
            return f"asked for {job.name} again"
        return "no job to retry has failed"

    async def _resume_by_hand(self, client: PrefectClient) -> str:
        await self._look(client)
        if job := self._pick(lambda run: run.state is not None and run.state.name == QUEUED):
            await client.resume_flow_run(job.id)
            return f"resumed {job.name} by hand"
        return "no job to resume is queued"

    async def _retry_by_hand(self, client: PrefectClient) -> str:
        await self._look(client)
        if job := self._pick(lambda run: run.state is not None and run.state.type in _FAILED):
            state = AwaitingRetry(message="Retry from the UI")
            await client.set_flow_run_state(job.id, state, force=True)
            return f"retried {job.name} by hand"
        return "no job to retry by hand has failed"

    async def _run_by_hand(self, client: PrefectClient) -> str:
        deployment = await client.read_deployment_by_name(TISSUE_JOB)
        parameters = {"job": {"slide": "x.png"}, "out": "/nowhere"}
        await client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        return "ran an internal deployment by hand"
