"""Deployments on the test's server, and their runs carried out here as a worker would."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, ObjectAlreadyExists, Pause
from prefect.flow_engine import run_flow_async
from prefect.states import Pending

from blocks import Tenant, save_tenant
from flows.run_workflow import run_workflow
from flows.segment_cells import segment_cells
from flows.segment_shard import segment_shard
from flows.tissue_mask import tissue_mask
from runs import labels
from runs.creation import read_jobs
from runs.names import CONTROL, GPU, JOBS, RUN_WORKFLOW, SEGMENT_JOB, SHARD, TISSUE_JOB
from runs.records import JobRun
from tests.helpers.waiting import looks

FLOWS: dict[str, Any] = {
    RUN_WORKFLOW: run_workflow,
    SEGMENT_JOB: segment_cells,
    TISSUE_JOB: tissue_mask,
    SHARD: segment_shard,
}
POOLS = {RUN_WORKFLOW: CONTROL, SEGMENT_JOB: JOBS, TISSUE_JOB: JOBS, SHARD: GPU}
TENANT = "alice"
_Result = TypeVar("_Result")


def on_server(act: Callable[[PrefectClient], Awaitable[_Result]]) -> _Result:
    """Do something with a client of the server."""

    async def call() -> _Result:
        async with get_client() as client:
            return await act(client)

    return asyncio.run(call())


async def register(client: PrefectClient) -> dict[str, UUID]:
    """Pools and deployments; their ids."""
    ids = {}
    for pool in (CONTROL, JOBS, GPU):
        with contextlib.suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    for full, flow in FLOWS.items():
        flow_id = await client.create_flow(flow)
        ids[full] = await client.create_deployment(
            flow_id, full.split("/")[1], work_pool_name=POOLS[full], enforce_parameter_schema=False
        )
    return ids


async def add_tenant(name: str, folder: Path, **given: Any) -> Tenant:
    """A tenant whose slides and results are in this folder."""
    slides = folder / "slides"
    slides.mkdir(exist_ok=True)
    block = Tenant(slide_root=str(slides), result_root=str(folder / "results"), **given)
    return await save_tenant(name, block)


async def submit(client: PrefectClient, spec: Any) -> UUID:
    """A run of the public deployment, as the API and the UI make it."""
    deployment = await client.read_deployment_by_name(RUN_WORKFLOW)
    run = await client.create_flow_run_from_deployment(deployment.id, parameters={"spec": spec})
    return run.id


async def carry_out(client: PrefectClient, run_id: UUID) -> FlowRun:
    """Claim a scheduled run and run it here; the run as it is then."""
    run = await client.read_flow_run(run_id)
    await client.set_flow_run_state(run_id, Pending())
    deployment = await client.read_deployment(run.deployment_id)  # type: ignore[arg-type]
    flow = FLOWS[f"{(await client.read_flow(run.flow_id)).name}/{deployment.name}"]
    run = await client.read_flow_run(run_id)
    with contextlib.suppress(Pause, Abort):
        await run_flow_async(flow, flow_run=run, parameters=run.parameters, return_type="state")
    return await client.read_flow_run(run_id)


async def admit(client: PrefectClient, job: JobRun, attempt: int = 1) -> None:
    """Let a queued job go, as the dispatcher does."""
    intent = {labels.ATTEMPT: attempt, labels.ADMITTED: job.state_id}
    await client.update_flow_run_labels(UUID(job.id), intent)
    await client.resume_flow_run(UUID(job.id))


async def end_jobs(client: PrefectClient, workflow: UUID, *states: State[Any]) -> None:
    """Give the workflow's jobs these ends, in order; the others keep their states."""
    for job, state in zip(await read_jobs(client, workflow), states, strict=False):
        await client.set_flow_run_state(UUID(job.id), state, force=True)


def spec(tenant: str, *slides: str, **more: Any) -> dict[str, Any]:
    """A workflow of one branch that looks for the tissue of these slides."""
    jobs = [{"kind": "tissue_mask", "slide": slide, "mpp": 0.5} for slide in slides]
    return {"tenant": tenant, "name": "test", "branches": [{"name": "one", "jobs": jobs}], **more}


async def pretend(client: PrefectClient) -> None:
    """Worker and dispatcher at once, one run after the other, until cancelled."""
    async for _ in looks():
        for entry in await client.get_scheduled_flow_runs_for_work_pool(CONTROL):
            await _carry_workflow(client, entry.flow_run.id)


async def _carry_workflow(client: PrefectClient, workflow: UUID) -> None:
    await carry_out(client, workflow)
    for job in await read_jobs(client, workflow):
        await admit(client, job)
        await carry_out(client, UUID(job.id))
    await client.resume_flow_run(workflow)
    await carry_out(client, workflow)


@contextlib.asynccontextmanager
async def gpu_worker(client: PrefectClient) -> AsyncIterator[None]:
    """Carries out shards while the block runs."""
    working = asyncio.create_task(_work(client))
    try:
        yield
    finally:
        broken = working.exception() if working.done() and not working.cancelled() else None
        working.cancel()
        # Cancelled within Prefect's engine, it ends as that likes.
        await asyncio.wait([working])
        if broken:
            raise broken


async def _work(client: PrefectClient) -> None:
    async for _ in looks():
        for entry in await client.get_scheduled_flow_runs_for_work_pool(GPU):
            await carry_out(client, entry.flow_run.id)
