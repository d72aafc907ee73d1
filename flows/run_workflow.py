"""The one flow through which all work comes: a tenant's branches of jobs."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from prefect import flow
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from flows.segment_cells import segment_cells
from flows.tissue_mask import tissue_mask
from slideloom.parameters import SegmentCells
from slideloom.scheduling.spec import WorkflowSpec
from slideloom.scheduling.state import Branch, Job, Workflow
from tasks.carrying import carry
from tasks.checks import check_inputs
from tasks.here import Here
from tasks.jobs import Planned, plan_jobs
from tasks.local import LOCAL_SCHEDULER
from tasks.naming import workflow_name
from tasks.outcomes import returned, view_of
from tasks.refusing import read_spec
from tasks.waiting import on_a_server, submit_and_wait


# The spec is checked by our own checker, in one line; Prefect's own check runs before the flow.
@flow(name="run_workflow", flow_run_name=workflow_name, validate_parameters=False)
async def run_workflow(spec: WorkflowSpec) -> Any:
    """Run a workflow: branches of jobs, side by side unless one needs another.

    As a run of its deployment (Prefect's UI, the API, a schedule) it checks the workflow, makes its
    jobs, waits without a worker until they have ended, and ends as they did.

    Called in Python with `PREFECT_API_URL` set, it hands the workflow to that server and waits for
    its end; a call that is cancelled or interrupted cancels the workflow. Without a server the jobs
    run in this process, under the same rules: the limits of tenants and jobs hold within this
    process, for all workflows that it runs at a time. Then no tenant has to be added, relative
    slides begin at the current folder, and results go to `SLIDELOOM_HOME`.

    Args:
        spec: What to run, and whose it is.

    Returns:
        In Python: the workflow as it has ended, with the states and result folders of its jobs.

    Raises:
        SpecUnusable: The spec cannot be run as written.
        WorkflowRefused: A slide, a mask or a model cannot be used; nothing was made.
        WorkflowFailed: A job has failed; `outcome` is what would have been returned.
        WorkflowCancelled: It was cancelled, and no job has failed.
        NotRegistered: The server is not set up for slideloom.
    """
    own = _own_run()
    if own is not None and own.deployment_id is not None:
        return await carry(own, spec)
    stated = read_spec(spec)
    if on_a_server():
        return await submit_and_wait(stated)
    return await _run_here(stated, str(own.id if own else uuid4()))


def _own_run() -> FlowRun | None:
    context = FlowRunContext.get()
    return context.flow_run if context else None


async def _run_here(spec: WorkflowSpec, workflow: str) -> dict[str, Any]:
    """All jobs as subflows in this process."""
    created = datetime.now(UTC)
    here = Here(spec.tenant)
    planned = plan_jobs(spec, here, workflow)
    await check_inputs(planned, here)
    by_id = {_id(workflow, plan): plan for plan in planned}

    async def act(job: str) -> None:
        await _run_job(by_id[job])

    branches = tuple(
        Branch(
            stated.name,
            tuple(Job(job) for job, plan in by_id.items() if plan.branch == number),
            tuple(stated.needs),
        )
        for number, stated in enumerate(spec.branches)
    )
    local = await LOCAL_SCHEDULER.carry_out(
        Workflow(workflow, spec.tenant, LOCAL_SCHEDULER.now_s(), branches), act
    )
    return returned(view_of(workflow, spec, planned, local, created))


def _id(workflow: str, plan: Planned) -> str:
    return f"{workflow}/{plan.branch}/{plan.index}"


async def _run_job(plan: Planned) -> None:
    if isinstance(plan.job, SegmentCells):
        await segment_cells(plan.job, plan.out)
    else:
        await tissue_mask(plan.job, plan.out)
