"""What people and programs ask for: submit a workflow, cancel it or a job, try a job again."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterIdempotencyKey,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

from runs import labels
from runs.changes import cancel, force, queue_again
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW, tenant_tag
from runs.paging import deployment_ids, not_registered
from runs.reading import ENDED
from runs.records import WorkflowRun, workflow_run
from runs.views import read_home, read_job_run, read_workflow_run
from runs.views.making import is_cancelled, state_of
from slideloom.errors import BadInput
from slideloom.parameters import digest_of
from slideloom.scheduling.errors import RetryRefused, SpecUnusable
from slideloom.scheduling.spec import WorkflowSpec
from slideloom.scheduling.state import JobState

_REFUSED = {400, 409, 413, 422}
"""What Prefect answers to parameters that it does not take."""
_SHOWN = 400
"""Characters of its reason that are repeated."""


class AlreadyEnded(BadInput):
    """What has ended cannot be cancelled any more."""


class KeyTaken(BadInput):
    """The idempotency key stands for another workflow of this tenant."""


async def find_submitted(client: PrefectClient, spec: WorkflowSpec, key: str) -> str | None:
    """The workflow that was submitted with this key; None: the tenant has not used it.

    Raises:
        KeyTaken: The tenant has used it for another spec.
    """
    flow, deployment = RUN_WORKFLOW.split("/")
    wanted = FlowRunFilterIdempotencyKey(any_=[_whole_key(spec, key)])
    found = await client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])),
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[deployment])),
        flow_run_filter=FlowRunFilter(idempotency_key=wanted),
        limit=1,
    )
    return _same(found[0], spec, key).id if found else None


async def count_open(client: PrefectClient, tenant: str) -> tuple[int, int]:
    """How many of a tenant's workflows, and of its jobs, have not ended."""
    kinds = [kind for kind in StateType if kind not in ENDED]
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[tenant_tag(tenant)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=kinds)),
    )
    names = [[RUN_WORKFLOW], sorted(JOB_DEPLOYMENTS.values())]
    workflows, jobs = await asyncio.gather(
        *(
            client.count_flow_runs(
                deployment_filter=DeploymentFilter(
                    name=DeploymentFilterName(any_=[name.split("/")[1] for name in some])
                ),
                flow_run_filter=wanted,
            )
            for some in names
        )
    )
    return workflows, jobs


async def submit(
    client: PrefectClient,
    spec: WorkflowSpec,
    idempotency_key: str | None = None,
    stated: WorkflowSpec | None = None,
) -> str:
    """The workflow's id; all else as in `create_workflow_run`."""
    ids = await deployment_ids(client, [RUN_WORKFLOW])
    return (await create_workflow_run(client, ids[RUN_WORKFLOW], spec, idempotency_key, stated)).id


async def create_workflow_run(
    client: PrefectClient,
    deployment: UUID,
    spec: WorkflowSpec,
    idempotency_key: str | None = None,
    stated: WorkflowSpec | None = None,
) -> WorkflowRun:
    """Create the run that carries a workflow; whether it is accepted, that run finds out.

    What the spec leaves open stays open: the tenant's and the server's defaults fill it in.

    Args:
        client: Prefect's client.
        deployment: Id of `run-workflow/run-workflow`.
        spec: The spec.
        idempotency_key: The same key of the same tenant gives the same workflow, made once.
        stated: The spec as its author wrote it, where that is less than `spec` says; a key stands
            for this one.

    Returns:
        The workflow's run as it is now; with a key that has been used, perhaps far on.

    Raises:
        NotRegistered: The deployment is not there any more.
        KeyTaken: The tenant has used the key for another spec.
        SpecUnusable: The server does not take the spec.
    """
    try:
        run = await client.create_flow_run_from_deployment(
            deployment,
            parameters={"spec": as_written(spec)},
            name=f"{spec.tenant}: {spec.name}",
            tags=[tenant_tag(spec.tenant)],
            idempotency_key=_whole_key(spec, idempotency_key) if idempotency_key else None,
            labels={labels.SUBMITTED: digest_of(as_written(stated or spec))},
        )
    except httpx.HTTPStatusError as error:
        if error.response.status_code in _REFUSED:
            raise SpecUnusable(f"the server refuses the spec: {_why(error.response)}") from error
        raise
    except ObjectNotFound as error:
        raise not_registered(client) from error
    return _same(run, stated or spec, idempotency_key)


def _whole_key(spec: WorkflowSpec, key: str) -> str:
    """The key as Prefect has it: each tenant has keys of its own."""
    return f"{spec.tenant}/{key}"


def _same(run: FlowRun, spec: WorkflowSpec, key: str | None) -> WorkflowRun:
    """The run, if it is this spec's."""
    said, stated = (run.labels or {}).get(labels.SUBMITTED), as_written(spec)
    same = said == digest_of(stated) if said else (run.parameters or {}).get("spec") == stated
    if not same:
        raise KeyTaken(
            f"tenant {spec.tenant} has used the key {key!r} for another spec, which is workflow "
            f"{run.id}: take another key for this one"
        )
    made = workflow_run(run)
    assert made is not None  # Prefect gives every run a state when it makes it
    return made


def as_written(spec: WorkflowSpec) -> dict[str, Any]:
    """The spec as plain data without what its author left open; each job says its kind."""
    content = spec.model_dump(mode="json", exclude_unset=True)
    for branch, stated in zip(content["branches"], spec.branches, strict=True):
        for job, given in zip(branch["jobs"], stated.jobs, strict=True):
            job["kind"] = given.kind
    return content


def _why(answer: httpx.Response) -> str:
    """Prefect's reason, without the parameters that it repeats."""
    try:
        said = answer.json()
        reason = said["detail"] if "detail" in said else said["exception_detail"][0]["msg"]
    except (ValueError, KeyError, IndexError, TypeError):
        reason = answer.reason_phrase
    return str(reason)[:_SHOWN]


async def cancel_workflow(client: PrefectClient, workflow: str) -> StateType:
    """Cancel a workflow with all its jobs; what runs is ended by its worker.

    Returns:
        CANCELLED, or CANCELLING where something still has to stop.

    Raises:
        RunUnknown: There is no such workflow.
        AlreadyEnded: It has ended.
    """
    run = await read_workflow_run(client, workflow)
    if run.type is StateType.CRASHED:
        return await _end(client, run.id)
    if run.type in ENDED or not await cancel(client, run.id):
        raise _ended("workflow", run.id, run.state)
    return (await read_workflow_run(client, workflow)).type


async def cancel_job(client: PrefectClient, job: str) -> StateType:
    """Cancel a job; what follows it in its branch, or needs that branch, is skipped.

    Returns:
        CANCELLED, or CANCELLING where its worker still has to stop.

    Raises:
        RunUnknown: There is no such job.
        AlreadyEnded: It has ended.
    """
    run = await read_job_run(client, job)
    state = state_of(run, await read_home(client, run))
    if state is JobState.PENDING and run.type in ENDED:
        return await _end(client, run.id)
    if state not in {JobState.PENDING, JobState.RUNNING} or not await cancel(client, run.id):
        raise _ended("job", run.id, state)
    return (await read_job_run(client, job)).type


_ILL = {StateType.FAILED, StateType.CRASHED}
_AGAIN = {JobState.FAILED, JobState.CANCELLED}


async def retry_job(client: PrefectClient, job: str) -> None:
    """Queue a failed or cancelled job again, with all its automatic retries.

    The dispatcher brings back what was skipped because of it, and opens the workflow again.

    Raises:
        RunUnknown: There is no such job.
        RetryRefused: It has not ended so, or its workflow is cancelled or gone.
    """
    run = await read_job_run(client, job)
    home = await read_home(client, run)
    state = state_of(run, home)
    # One that is about to be tried again by itself may be asked for as well.
    if state not in _AGAIN and run.type not in _ILL:
        raise RetryRefused(
            f"job {run.id} is {state}: only a FAILED or CANCELLED job can be retried"
        )
    if is_cancelled(home):
        raise RetryRefused(
            f"workflow {run.workflow} of job {run.id} is {'cancelled' if home else 'deleted'}: "
            "submit it again"
        )
    await queue_again(client, run, "Asked for again.", anew=True)


async def _end(client: PrefectClient, run_id: str) -> StateType:
    """Cancel what has crashed or failed and is about to be tried again by itself."""
    await force(client, run_id, Cancelled(message="Cancelled on request."))
    return StateType.CANCELLED


def _ended(what: str, run_id: str, state: str) -> AlreadyEnded:
    return AlreadyEnded(f"{what} {run_id} has ended already ({state}): there is nothing to cancel")
