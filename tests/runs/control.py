"""A control worker that only pretends: it accepts or refuses workflows and lets jobs end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Completed, Failed, Running

from runs.names import RUN_WORKFLOW, tenant_tag
from runs.states import awaiting
from tests.helpers.waiting import looks
from tests.runs.made import make_jobs, put
from tests.runs.server import api_url

Take = Callable[[PrefectClient, FlowRun], Awaitable[None]]


async def refuse(client: PrefectClient, run: FlowRun) -> None:
    """As the flow does where a slide cannot be opened."""
    said = "Flow run encountered an exception: SlideUnreadable: branch 'left', job 1: no such slide"
    await put(client, str(run.id), Failed(message=said))


async def accept(client: PrefectClient, run: FlowRun) -> None:
    """Make the jobs and wait for them."""
    await put(client, str(run.id), Running())
    await _jobs(client, run)
    await put(client, str(run.id), awaiting("jobs"))


def ending(job: State[Any], workflow: State[Any]) -> Take:
    """Accept, and bring everything to such an end."""

    async def take(client: PrefectClient, run: FlowRun) -> None:
        await put(client, str(run.id), Running())
        for job_id in (await _jobs(client, run)).values():
            await put(client, job_id, job, attempt=1, error="SlideUnreadable")
        await put(client, str(run.id), workflow)

    return take


async def _jobs(client: PrefectClient, run: FlowRun) -> dict[str, str]:
    spec = run.parameters["spec"]
    branches = {
        branch["name"]: [job["slide"] for job in branch["jobs"]] for branch in spec["branches"]
    }
    return await make_jobs(client, run, spec["tenant"], branches)


@contextmanager
def control_worker(tenant: str, take: Take) -> Iterator[list[str]]:
    """Takes the tenant's workflows while the block runs; their ids."""
    taken: list[str] = []
    over = threading.Event()
    url = api_url()

    async def work() -> None:
        async with PrefectClient(url) as client:
            async for _ in looks():
                if over.is_set():
                    return
                for run in await _waiting(client, tenant):
                    taken.append(str(run.id))
                    await take(client, await client.read_flow_run(UUID(taken[-1])))

    thread = threading.Thread(target=lambda: asyncio.run(work()), name="control worker")
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


async def _waiting(client: PrefectClient, tenant: str) -> list[FlowRun]:
    scheduled = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[tenant_tag(tenant)]), state=scheduled
        ),
        deployment_filter=DeploymentFilter(
            name=DeploymentFilterName(any_=[RUN_WORKFLOW.split("/")[1]])
        ),
    )


DONE = ending(Completed(), Completed())
BROKEN = ending(Failed(message="x.svs breaks"), Failed(message="1 of 1 jobs failed"))
