"""A workflow on a server, as its own run carries it: accept, make the jobs, wait, close."""

from typing import Any, NoReturn
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Pause
from prefect.utilities.engine import propose_state

from blocks import load_tenant, model_folder
from runs.creation import create_jobs, read_jobs
from runs.limits import register_tenant_limit
from runs.names import tenant_tag, workflow_tag
from runs.records import JobRun
from runs.share import show_share
from runs.states import awaiting
from slideloom.errors import BadInput
from slideloom.scheduling.spec import WorkflowSpec
from tasks.artifacts import only_shown
from tasks.checks import check_inputs
from tasks.closing import end_state, ended, refused, shape, show_jobs, states_of
from tasks.jobs import plan_jobs
from tasks.refusing import read_spec


async def carry(own: FlowRun, stated: Any) -> State[Any]:
    """Bring the workflow as far as it can be brought now.

    Begun again after a kill, or resumed, it takes up what is there.

    Args:
        own: The workflow's run.
        stated: The spec as it was submitted.

    Returns:
        The end of the workflow's run.

    Raises:
        Pause: Its jobs have not ended: it is suspended until they have.
    """
    async with get_client() as client:
        try:
            spec = read_spec(stated)
            runs = await _jobs_of(client, own, spec)
        except BadInput as error:
            return refused(str(error))
        done = ended(states_of(runs))
        with only_shown():
            await show_share(client, own.id, done, len(runs))
        if done < len(runs):
            await suspend(client, own.id, shape(spec))
        await show_jobs(spec, runs)
        return end_state(spec, runs)


async def _jobs_of(client: PrefectClient, own: FlowRun, spec: WorkflowSpec) -> list[JobRun]:
    """The workflow's job runs; made where they are missing."""
    there = await read_jobs(client, own.id)
    if len(there) == sum(len(branch.jobs) for branch in spec.branches):
        return there
    tenant = await load_tenant(spec.tenant)
    jobs = plan_jobs(spec, tenant, own.id, models_by_path=False)
    if not there:  # otherwise it was accepted, and its slides are its jobs' concern
        await check_inputs(jobs, tenant, await model_folder())
    # Prefect ignores a missing limit, and a tenant made in its form has none yet.
    await register_tenant_limit(client, tenant)
    await tag(client, own, spec.tenant)
    return await make_jobs(own.id, spec.tenant, jobs, there)


async def tag(client: PrefectClient, own: FlowRun, tenant: str) -> None:
    """Say on the workflow's run whose it is; through the API, as task runs inherit other tags."""
    tags = {*own.tags, tenant_tag(tenant), workflow_tag(own.id)}
    await client.update_flow_run(own.id, tags=sorted(tags))


async def suspend(client: PrefectClient, run: UUID, message: str) -> NoReturn:
    """Free the worker until the run is resumed.

    Raises:
        Pause: Always; it carries the state that the server has given the run.
    """
    raise Pause(state=await propose_state(client, awaiting(message), run))


@task(name="make jobs", cache_policy=NO_CACHE)
async def make_jobs(
    workflow: UUID, tenant: str, jobs: list[Any], there: list[JobRun]
) -> list[JobRun]:
    """Make the job runs that are missing; all of them."""
    async with get_client() as client:
        return await create_jobs(client, workflow, tenant, [job.as_new() for job in jobs], there)
