"""From what is read off the server to what a tenant is shown."""

from collections.abc import Callable

from gateway.answers import (
    BranchOut,
    ErrorOut,
    JobOut,
    TilesOut,
    WorkflowDetailOut,
    WorkflowOut,
)
from gateway.hints import hint_for
from gateway.problems import code_named
from runs.views import JobView, WorkflowLine, WorkflowView
from slideloom.scheduling.state import JobState, Reason

Clean = Callable[[str], str]
"""Takes the operator's places out of a message."""

_WORDS = {
    Reason.USER_SLOT: "it is not your turn: others have jobs running, and places are few",
    Reason.BRANCH: "an earlier job of its branch has not ended, or it pauses after a failure",
    Reason.NEEDS: "a branch that its branch needs has not succeeded yet",
    Reason.WORKER: "all workers are busy",
}


def show_job(view: JobView, clean: Clean) -> JobOut:
    """The job."""
    return JobOut(
        id=view.id,
        workflow=view.workflow,
        branch=view.branch,
        number=view.number,
        kind=view.kind,
        slide=clean(view.slide),
        mpp=view.mpp,
        state=view.state,
        reason=view.reason,
        waits=waits_of(view, clean),
        tiles=tiles_of(view),
        attempt=view.attempt,
        created=view.times.created,
        started=view.times.started,
        ended=view.times.ended,
        message=clean(view.message),
        error=_why_job(view, clean) if view.state is JobState.FAILED else None,
    )


def waits_of(view: JobView, clean: Clean) -> str | None:
    """What the job waits for, in words."""
    return clean(view.waits) or (_WORDS[view.reason] if view.reason else None)


def tiles_of(view: JobView) -> TilesOut | None:
    """How far the job is."""
    if view.done is None or view.total is None:
        return None
    return TilesOut(done=view.done, total=view.total)


def _why_job(view: JobView, clean: Clean) -> ErrorOut:
    code = code_named(view.error) if view.error else "job_failed"
    message = view.message.removeprefix(f"{view.error}: ")
    return ErrorOut(code=code, message=clean(message), hint=hint_for(view.error))


def show_line(view: WorkflowLine | WorkflowView, clean: Clean) -> WorkflowOut:
    """The workflow without its jobs."""
    return WorkflowOut(
        id=view.id,
        name=view.name,
        state=view.state,
        message=clean(view.message),
        created=view.created,
        jobs_ended=view.done,
        jobs_total=view.total,
    )


def show_workflow(view: WorkflowView, clean: Clean) -> WorkflowDetailOut:
    """The workflow with its jobs."""
    branches = [
        BranchOut(
            name=branch.name,
            needs=list(branch.needs),
            jobs=[show_job(job, clean) for job in branch.jobs],
        )
        for branch in view.branches
    ]
    line = show_line(view, clean).model_dump()
    return WorkflowDetailOut(**line, branches=branches, error=error_of(view, clean))


def error_of(view: WorkflowView, clean: Clean) -> ErrorOut | None:
    """Why the workflow has failed, if it has."""
    if view.state is not JobState.FAILED:
        return None
    message = clean(view.message)
    if view.jobs:
        hint = "Look at the jobs that failed: each says why, and can be retried."
        return ErrorOut(code="jobs_failed", message=message, hint=hint)
    hint = "Change what the message names, and submit it again."
    return ErrorOut(code="workflow_refused", message=message, hint=hint)
