"""Reads workflows and jobs off the server, with as few requests as there are to be made."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort
from prefect.exceptions import ObjectNotFound

from runs.names import RUN_WORKFLOW, tenant_tag, workflow_tag
from runs.paging import JOB_NAMES, JOB_RUNS, PAGE, read_all
from runs.progress import TILES, Told, read_told
from runs.reading import ENDED, jobs_in
from runs.records import JobRun, WorkflowRun, job_run
from runs.views.making import job_view, said, workflow_line, workflow_of, workflow_view
from runs.views.shapes import JobView, WorkflowLine, WorkflowView
from slideloom.errors import BadInput

_FLOW, _DEPLOYMENT = RUN_WORKFLOW.split("/")
"""Deployments of jobs."""
_BOTH = DeploymentFilter(name=DeploymentFilterName(any_=[_DEPLOYMENT, *JOB_NAMES]))
_AT_ONCE = 8


class RunUnknown(BadInput):
    """There is no such workflow or job on the server."""


async def read_workflow(client: PrefectClient, workflow: str | UUID) -> WorkflowView:
    """A workflow with all its jobs, by its whole id.

    Two requests for up to 198 jobs, one while none has been started; one or two more for every
    199 jobs beyond. So it may be asked for every second.

    Raises:
        RunUnknown: There is no such workflow.
    """
    record, jobs = await read_workflow_runs(client, workflow)
    return workflow_view(record, jobs, await read_tiles(client, jobs))


async def read_workflow_runs(
    client: PrefectClient, workflow: str | UUID
) -> tuple[WorkflowRun, list[JobRun]]:
    """A workflow's own run, and those of all its jobs.

    Raises:
        RunUnknown: There is no such workflow.
    """
    own, theirs = {"any_": [str(workflow)]}, {"all_": [workflow_tag(workflow)]}
    wanted = FlowRunFilter.model_validate({"operator": "or_", "id": own, "tags": theirs})
    found = await read_all(client, wanted, _BOTH)
    record = next((workflow_of(run) for run in found if str(run.id) == str(workflow)), None)
    if record is None:
        raise unknown("workflow", workflow)
    jobs = [job for job in map(job_run, found) if job is not None and job.workflow == record.id]
    return record, jobs


async def read_job(client: PrefectClient, job: str | UUID) -> JobView:
    """A job, by its whole id; three requests.

    Raises:
        RunUnknown: There is no such job.
    """
    run = await read_job_run(client, job)
    home, tiles = await asyncio.gather(read_home(client, run), read_tiles(client, [run]))
    return job_view(run, home, tiles)


async def list_workflows(
    client: PrefectClient, tenant: str | None = None, open_only: bool = False, limit: int = 50
) -> list[WorkflowLine]:
    """Workflows, the newest first: those that are open, then those that have ended last.

    Args:
        client: Prefect's client.
        tenant: Only this tenant's.
        open_only: Leave out what has ended.
        limit: At most so many, up to 200.
    """
    open_types = [kind for kind in StateType if kind not in ENDED or kind is StateType.CRASHED]
    runs = await _newest(client, tenant, open_types, limit)
    if not open_only and len(runs) < limit:
        ended = [kind for kind in StateType if kind not in open_types]
        runs += await _newest(client, tenant, ended, limit - len(runs))
    records = {run.id: record for run in runs if (record := workflow_of(run))}
    mine = [record for record in records.values() if tenant in (None, said(record, "tenant"))]
    return await read_lines(client, mine)


async def read_lines(client: PrefectClient, runs: Iterable[WorkflowRun]) -> list[WorkflowLine]:
    """Workflows without their jobs, which are only counted."""
    room = asyncio.Semaphore(_AT_ONCE)
    return await asyncio.gather(*(_line(client, record, room) for record in runs))


async def read_job_run(client: PrefectClient, job: str | UUID) -> JobRun:
    """A job's run, by its whole id.

    Raises:
        RunUnknown: There is no such job.
    """
    try:
        run = job_run(await client.read_flow_run(UUID(str(job))))
    except ObjectNotFound as error:
        raise unknown("job", job) from error
    if run is None:
        raise unknown("job", job)
    return run


async def read_workflow_run(client: PrefectClient, workflow: str | UUID) -> WorkflowRun:
    """A workflow's own run, by its whole id.

    Raises:
        RunUnknown: There is no such workflow.
    """
    try:
        run = workflow_of(await client.read_flow_run(UUID(str(workflow))))
    except ObjectNotFound as error:
        raise unknown("workflow", workflow) from error
    if run is None:
        raise unknown("workflow", workflow)
    return run


async def read_home(client: PrefectClient, job: JobRun) -> WorkflowRun | None:
    """The run of a job's workflow; None where somebody has deleted it."""
    try:
        return await read_workflow_run(client, job.workflow)
    except RunUnknown:
        return None


def unknown(what: str, text: object) -> RunUnknown:
    """The error for an id that leads nowhere."""
    return RunUnknown(
        f"there is no {what} {text} on this server: `slideloom status` lists the workflows, "
        "`slideloom status WORKFLOW` the jobs of one"
    )


async def _newest(
    client: PrefectClient, tenant: str | None, types: Sequence[StateType], limit: int
) -> list[FlowRun]:
    """Workflows' runs in these states, the newest first."""
    # A run gets this time when it is made, and keeps it.
    return await client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[_FLOW])),
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[_DEPLOYMENT])),
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[tenant_tag(tenant)]) if tenant else None,
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=min(limit, PAGE),
    )


async def _line(client: PrefectClient, run: WorkflowRun, room: asyncio.Semaphore) -> WorkflowLine:
    """The workflow; nothing is asked where all its jobs have succeeded."""
    if run.type is StateType.COMPLETED:
        return workflow_line(run, jobs_in(run.spec))
    async with room:
        done = await client.count_flow_runs(
            deployment_filter=JOB_RUNS,
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=[workflow_tag(run.id)]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(ENDED))),
            ),
        )
    return workflow_line(run, done)


async def read_tiles(client: PrefectClient, jobs: Iterable[JobRun]) -> dict[str, Told]:
    """How far those jobs are that have told so, in the attempt they made last."""
    started = [UUID(job.id) for job in jobs if job.attempt]
    found: dict[str, Told] = {}
    for start in range(0, len(started), PAGE):
        wanted = ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=started[start : start + PAGE]),
            key=ArtifactFilterKey(any_=[TILES]),
        )
        artifacts = await client.read_artifacts(
            artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=PAGE
        )
        for artifact in artifacts:
            told = read_told(artifact.data, artifact.description)
            if told and str(artifact.flow_run_id) not in found:
                found[str(artifact.flow_run_id)] = told
    return found
