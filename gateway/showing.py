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
    counted = view.done is not None and view.total is not None
    return JobOut(
        id=view.id,
        workflow=view.workflow,
        branch=view.branch,
        number=view.number,
        kind=view.kind,
        slide=clean(view.slide),
        state=view.state,
        reason=view.reason,
        waits=clean(view.waits) or (_WORDS[view.reason] if view.reason else None),
        tiles=TilesOut(done=view.done or 0, total=view.total or 0) if counted else None,
        attempt=view.attempt,
        created=view.times.created,
        started=view.times.started,
        ended=view.times.ended,
        message=clean(view.message),
        error=_error_of(view, clean) if view.state is JobState.FAILED else None,
    )


def _error_of(view: JobView, clean: Clean) -> ErrorOut:
    code = code_named(view.error) if view.error else "job_failed"
    message = view.message.removeprefix(f"{view.error}: ")
    return ErrorOut(code=code, message=clean(message), hint=hint_for(view.error))


def show_line(view: WorkflowLine, clean: Clean) -> WorkflowOut:
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
    error = _why(view, clean) if view.state is JobState.FAILED else None
    return WorkflowDetailOut(**show_line(view, clean).model_dump(), branches=branches, error=error)


def _why(view: WorkflowView, clean: Clean) -> ErrorOut:
    message = clean(view.message)
    if view.jobs:
        hint = "Look at the jobs that failed: each says why, and can be retried."
        return ErrorOut(code="jobs_failed", message=message, hint=hint)
    hint = "Change what the message names, and submit it again."
    return ErrorOut(code="workflow_refused", message=message, hint=hint)
