"""Job runs, made once each, however often their making is begun again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentFlowRunCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRunPolicy
from prefect.states import Pending, to_state_create
from prefect.tasks import Task

from runs import labels
from runs.names import JOB_DEPLOYMENTS, branch_tag, kind_tag, tenant_tag, workflow_tag
from runs.paging import JOB_RUNS, deployment_ids, read_all
from runs.records import JobRun, job_run
from runs.states import queued
from slideloom.errors import SlideloomError

_ROUNDS = (50, 10, 1)
"""Runs that are made by one request, in one transaction; smaller each time some were not made."""
_SERVERS_FAULT = 500


class JobsNotMade(SlideloomError):
    """The server has not made all job runs of a workflow."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job before its run is made.

    Attributes:
        branch: Number of its branch, from 0.
        index: Number of the job in its branch, from 0.
        branch_name: Name of its branch.
        kind: Its kind.
        name: Readable name of its run.
        parameters: Parameters of its run: `job` and `out`.
    """

    branch: int
    index: int
    branch_name: str
    kind: str
    name: str
    parameters: Mapping[str, Any]


async def read_jobs(client: PrefectClient, workflow: UUID) -> list[JobRun]:
    """The workflow's job runs, in the order of branches and jobs."""
    wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[workflow_tag(workflow)]))
    runs = map(job_run, await read_all(client, wanted, JOB_RUNS))
    found = [run for run in runs if run is not None and run.workflow == str(workflow)]
    return sorted(found, key=lambda run: (run.branch, run.index))


async def create_jobs(
    client: PrefectClient,
    workflow: UUID,
    tenant: str,
    jobs: Sequence[NewJob],
    there: Iterable[JobRun] = (),
) -> list[JobRun]:
    """Make the runs of a workflow's jobs, queued, as child runs of the workflow's.

    Each is made once, by its idempotency key: cut off anywhere, it can be called again.

    Args:
        client: Prefect's client.
        workflow: Id of the workflow's run.
        tenant: Whose it is.
        jobs: All its jobs.
        there: Those whose runs are known to be there.

    Returns:
        All of the workflow's job runs.

    Raises:
        JobsNotMade: The server did not make some, however often it was asked.
        NotRegistered: The server is not set up for slideloom.
    """
    ids = await deployment_ids(client, sorted({JOB_DEPLOYMENTS[job.kind] for job in jobs}))
    branches = sorted({(job.branch, job.branch_name) for job in jobs})
    parents = {at: await _placeholder(client, workflow, at, name) for at, name in branches}
    missing = _missing(jobs, there)
    for size in _ROUNDS:
        for name, deployment in ids.items():
            abouts = [
                _about(workflow, tenant, job, len(jobs), parents[job.branch])
                for job in missing
                if JOB_DEPLOYMENTS[job.kind] == name
            ]
            for start in range(0, len(abouts), size):
                await _make(client, deployment, abouts[start : start + size])
        found = await read_jobs(client, workflow)
        missing = _missing(jobs, found)
        if not missing:
            return found
    raise JobsNotMade(f"{len(missing)} of {len(jobs)} jobs could not be made: see the server's log")


def _missing(jobs: Iterable[NewJob], there: Iterable[JobRun]) -> list[NewJob]:
    made = {(run.branch, run.index) for run in there}
    return [job for job in jobs if (job.branch, job.index) not in made]


async def _make(
    client: PrefectClient, deployment: UUID, abouts: Sequence[DeploymentFlowRunCreate]
) -> None:
    """Make several runs with one request, in one transaction.

    What comes of it is read back: the server reports runs as made before it has committed them.
    """
    said = [about.model_dump(mode="json", exclude_unset=True) for about in abouts]
    path: Literal["/deployments/{id}/create_flow_run"] = "/deployments/{id}/create_flow_run"
    at = {"id": deployment}
    try:
        if len(said) == 1:  # where it fails for a moment, Prefect's client tries it again
            await client.request("POST", path, path_params=at, json=said[0])
        else:
            bulk: Any = f"{path}/bulk"
            await client.request("POST", bulk, path_params=at, json=said)
    except httpx.HTTPStatusError as error:
        if error.response.status_code < _SERVERS_FAULT:
            raise


def _about(
    workflow: UUID, tenant: str, job: NewJob, jobs: int, parent: UUID
) -> DeploymentFlowRunCreate:
    return DeploymentFlowRunCreate(
        name=job.name,
        state=to_state_create(queued()),
        parameters=dict(job.parameters),
        # They are checked already, by the models that the schema is made of.
        enforce_parameter_schema=False,
        # A run that begins with a resume is not counted: with 0 retries Prefect would grant one.
        empirical_policy=FlowRunPolicy(retries=-1),
        parent_task_run_id=parent,
        idempotency_key=f"{workflow}/{job.branch}/{job.index}",
        tags=[
            tenant_tag(tenant),
            workflow_tag(workflow),
            branch_tag(job.branch_name),
            kind_tag(job.kind),
        ],
        labels={
            labels.TENANT: tenant,
            labels.WORKFLOW: str(workflow),
            labels.BRANCH: job.branch,
            labels.INDEX: job.index,
            labels.JOBS: jobs,
        },
    )


async def _placeholder(client: PrefectClient, workflow: UUID, branch: int, name: str) -> UUID:
    """The task run that stands for a branch's runs in the workflow's; the same one each time."""
    task: Task[[], None] = Task(fn=_nothing, name="branch")
    task.task_key = "slideloom.branch"
    run = await client.create_task_run(task, workflow, str(branch), name=name, state=Pending())
    return run.id


def _nothing() -> None:
    """What a placeholder does."""
