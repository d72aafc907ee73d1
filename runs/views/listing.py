"""Workflows and jobs of one tenant, page by page."""

import asyncio
from collections.abc import Sequence
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
from prefect.client.schemas.objects import FlowRun, StateType

from runs.names import RUN_WORKFLOW, tenant_tag, workflow_tag
from runs.newest import Mark, read_newest
from runs.paging import JOB_RUNS, read_by_ids
from runs.reading import ENDED
from runs.records import job_run
from runs.views.making import job_view, said, workflow_of
from runs.views.reading import read_lines, read_tiles
from runs.views.shapes import JobView, WorkflowLine
from slideloom.scheduling.state import JobState

_WORKFLOWS = DeploymentFilter(name=DeploymentFilterName(any_=[RUN_WORKFLOW.split("/")[1]]))
_OPEN = [kind for kind in StateType if kind not in ENDED or kind is StateType.CRASHED]
_ILL = [StateType.FAILED, StateType.CRASHED]
_TYPES = {
    # What has failed waits while it is about to be tried again by itself.
    JobState.PENDING: [StateType.PAUSED, StateType.SCHEDULED, *_ILL],
    JobState.RUNNING: [kind for kind in StateType if kind not in ENDED],
    JobState.SUCCEEDED: [StateType.COMPLETED],
    JobState.FAILED: _ILL,
    JobState.CANCELLED: [StateType.CANCELLED],
    JobState.SKIPPED: [StateType.CANCELLED],
}
"""States of runs among which the jobs of a state are."""


async def page_of_workflows(
    client: PrefectClient, tenant: str, open_only: bool, limit: int, after: Mark | None = None
) -> tuple[list[WorkflowLine], Mark | None]:
    """A page of a tenant's workflows, the newest first, and where the next one begins.

    Args:
        client: Prefect's client.
        tenant: Whose.
        open_only: Leave out what has ended.
        limit: How many at most, up to 199; a page may hold fewer.
        after: Where the page begins.
    """
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[tenant_tag(tenant)]), state=_state(_OPEN if open_only else [])
    )
    runs, mark = await read_newest(client, wanted, _WORKFLOWS, limit, after)
    records = [record for run in runs if (record := workflow_of(run))]
    mine = [record for record in records if said(record, "tenant") == tenant]
    return await read_lines(client, mine), mark


async def page_of_jobs(
    client: PrefectClient,
    tenant: str,
    limit: int,
    state: JobState | None = None,
    workflow: UUID | None = None,
    after: Mark | None = None,
) -> tuple[list[JobView], Mark | None]:
    """A page of a tenant's jobs, the newest first, and where the next one begins.

    Args:
        client: Prefect's client.
        tenant: Whose.
        limit: How many at most, up to 199; a page may hold fewer.
        state: Only jobs in this state.
        workflow: Only jobs of this workflow.
        after: Where the page begins.
    """
    tags = [tenant_tag(tenant), *([workflow_tag(workflow)] if workflow else [])]
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=tags), state=_state(_TYPES[state] if state else [])
    )
    runs, mark = await read_newest(client, wanted, JOB_RUNS, limit, after)
    views = await _views(client, runs)
    mine = [view for view in views if view.tenant == tenant]
    there = [view for view in mine if workflow is None or view.workflow == str(workflow)]
    return [view for view in there if state in (None, view.state)], mark


def _state(types: Sequence[StateType]) -> FlowRunFilterState | None:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))) if types else None


async def _views(client: PrefectClient, runs: Sequence[FlowRun]) -> list[JobView]:
    jobs = [job for run in runs if (job := job_run(run))]
    found, tiles = await asyncio.gather(
        read_by_ids(client, {job.workflow for job in jobs}), read_tiles(client, jobs)
    )
    homes = {record.id: record for run in found if (record := workflow_of(run))}
    return [job_view(job, homes.get(job.workflow), tiles) for job in jobs]
