"""Workflows made through Prefect's API, and a worker that only pretends: it sets the states.

For tests of the dispatcher alone: everything is on a real server, but nothing is computed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import Flow
from prefect.states import Completed, Pending, Running

from runs import labels
from runs.admission import may_claim
from runs.names import CONTROL, JOB_DEPLOYMENTS, JOBS, RUN_WORKFLOW, workflow_tag
from runs.states import awaiting, queued
from tests.helpers.waiting import looks

Act = Callable[[PrefectClient, FlowRun], Awaitable[State[Any]]]


async def build(client: PrefectClient) -> dict[str, UUID]:
    """Pools and deployments under their names; their ids."""
    for pool in (CONTROL, JOBS):
        with contextlib.suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    ids = {}
    pools = {RUN_WORKFLOW: CONTROL, **dict.fromkeys(JOB_DEPLOYMENTS.values(), JOBS)}
    for full, pool in pools.items():
        flow, name = full.split("/")
        flow_id = await client.create_flow(Flow(lambda: None, name=flow))
        ids[full] = await client.create_deployment(flow_id, name, work_pool_name=pool)
    return ids


async def submit(
    client: PrefectClient,
    ids: dict[str, UUID],
    tenant: str,
    branches: Sequence[tuple[str, Sequence[str], Sequence[str]]],
    missing: int = 0,
) -> tuple[str, dict[str, str]]:
    """A workflow that waits for its jobs; its id and its jobs' ids by slide.

    Args:
        client: Prefect's client.
        ids: What `build` gave.
        tenant: Whose it is.
        branches: Name, needs and slides of each.
        missing: So many of the last jobs are not made.
    """
    spec = {
        "tenant": tenant,
        "name": "test",
        "branches": [
            {"name": name, "needs": list(needs), "jobs": [{"slide": slide} for slide in slides]}
            for name, needs, slides in branches
        ],
    }
    run = await client.create_flow_run_from_deployment(
        ids[RUN_WORKFLOW], parameters={"spec": spec}, state=Running()
    )
    places = [
        (branch, index, slide)
        for branch, (_, _, slides) in enumerate(branches)
        for index, slide in enumerate(slides)
    ]
    made = {}
    for branch, index, slide in places[: len(places) - missing]:
        job = await client.create_flow_run_from_deployment(
            ids[JOB_DEPLOYMENTS["tissue_mask"]],
            name=slide,
            parameters={"job": {"slide": slide}},
            state=queued(),
            tags=[workflow_tag(run.id)],
            idempotency_key=f"{run.id}/{branch}/{index}",
            labels={
                labels.TENANT: tenant,
                labels.WORKFLOW: str(run.id),
                labels.BRANCH: branch,
                labels.INDEX: index,
                labels.JOBS: len(places),
            },
        )
        made[slide] = str(job.id)
    await client.set_flow_run_state(run.id, awaiting("jobs"), force=True)
    return str(run.id), made


class Worker:
    """Takes what is scheduled in both pools and ends it as `act` says.

    Args:
        client: Prefect's client.
        act: Called for each job that runs; its state is the job's end.
        close: The same for workflows.
    """

    def __init__(self, client: PrefectClient, act: Act, close: Act | None = None) -> None:
        self._client, self._act, self._close = client, act, close or _completed
        self._tasks: set[asyncio.Task[None]] = set()
        self.ran: list[str] = []

    async def work(self) -> None:
        """Until cancelled."""
        try:
            async for _ in looks():
                for pool, act in ((JOBS, self._act), (CONTROL, self._close)):
                    await self._poll(pool, act)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _poll(self, pool: str, act: Act) -> None:
        found = await self._client.get_scheduled_flow_runs_for_work_pool(pool)
        for entry in found:
            if pool == JOBS and not await may_claim(self._client, entry.flow_run):
                continue
            state = await self._client.set_flow_run_state(entry.flow_run.id, Pending())
            if state.state is not None and state.state.type is StateType.PENDING:
                task = asyncio.create_task(self._run(entry.flow_run, act))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _run(self, run: FlowRun, act: Act) -> None:
        await self._client.set_flow_run_state(run.id, Running())
        self.ran.append(run.name)
        await self._client.set_flow_run_state(run.id, await act(self._client, run))


async def _completed(_client: PrefectClient, _run: FlowRun) -> State[Any]:
    return Completed()


def unique(name: str) -> str:
    """A name that no other test uses on the same server."""
    return f"{name}-{uuid4().hex[:8]}"
