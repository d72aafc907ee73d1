"""Jobs: listed, looked at, cancelled, tried again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from gateway.answers import JobOut, JobsOut
from gateway.cursors import from_cursor, to_cursor
from gateway.parameters import Cursor, JobId, Limit
from gateway.scope import TenantScope
from gateway.showing import show_job
from runs.requests import cancel_job, retry_job
from runs.views import page_of_jobs
from slideloom.scheduling.state import JobState

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("")
async def list_jobs(
    scope: TenantScope,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    workflow: Annotated[UUID | None, Query(description="Only jobs of this workflow.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobsOut:
    """Your jobs, the newest first; what comes meanwhile does not move the pages."""
    views, mark = await page_of_jobs(
        scope.client, scope.id, limit, state, workflow, from_cursor(cursor)
    )
    return JobsOut(items=[show_job(view, scope.clean) for view in views], next=to_cursor(mark))


@router.get("/{job}")
async def get_job(job: JobId, scope: TenantScope) -> JobOut:
    """A job."""
    return show_job(await scope.job(job), scope.clean)


@router.post("/{job}/cancel", status_code=202)
async def cancel_a_job(job: JobId, scope: TenantScope) -> JobOut:
    """Cancel a job; what follows it in its branch, or needs that branch, is skipped."""
    await scope.job(job)
    with scope.telling():
        await cancel_job(scope.client, str(job))
    return show_job(await scope.job(job), scope.clean)


@router.post("/{job}/retry", status_code=202)
async def retry_a_job(job: JobId, scope: TenantScope) -> JobOut:
    """Queue a failed or cancelled job again; what was skipped because of it comes back, too."""
    await scope.job(job)
    with scope.telling():
        await retry_job(scope.client, str(job))
    return show_job(await scope.job(job), scope.clean)
