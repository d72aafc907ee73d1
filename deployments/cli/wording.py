"""States, reasons and times in words: the one place where they are put."""

import time
from datetime import datetime

from runs.views import JobView, WorkflowLine
from slideloom.scheduling.state import JobState, Reason
from slideloom.settings import Settings

_STATES = {
    JobState.PENDING: "waits",
    JobState.RUNNING: "running",
    JobState.SUCCEEDED: "done",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "cancelled",
    JobState.SKIPPED: "skipped",
}
STYLES = {
    JobState.PENDING: "dim",
    JobState.RUNNING: "cyan",
    JobState.SUCCEEDED: "green",
    JobState.FAILED: "bold red",
    JobState.CANCELLED: "yellow",
    JobState.SKIPPED: "yellow",
}
_MOVING = {JobState.PENDING: "not taken by a worker yet", JobState.RUNNING: "open"}


def reason_in_words(reason: Reason, limits: Settings) -> str:
    """Why a job waits."""
    return {
        Reason.USER_SLOT: "it is not the tenant's turn: at most "
        f"{limits.max_active_users} tenants have jobs running at a time",
        Reason.BRANCH: "an earlier job of its branch has not ended, or it pauses after a failure",
        Reason.NEEDS: "a branch that its branch needs has not succeeded yet",
        Reason.WORKER: f"all {limits.max_workers} workers are busy",
    }[reason]


def job_in_words(job: JobView, limits: Settings) -> str:
    """The job's state, and what there is to say about it."""
    said = _STATES[job.state]
    if job.state is JobState.PENDING and job.reason:
        return f"{said}: {reason_in_words(job.reason, limits)}"
    if job.state is JobState.RUNNING and (job.total or job.waits):
        done = [f"{job.done} of {job.total} tiles"] if job.total else []
        waits = [f"waits, as {printable(job.waits)}"] if job.waits else []
        return f"{said}: {'; '.join(done + waits)}"
    if job.state in {JobState.FAILED, JobState.SKIPPED} and job.message:
        return f"{said}: {printable(job.message)}"
    return said


def workflow_in_words(workflow: WorkflowLine) -> str:
    """The workflow's state."""
    return _MOVING.get(workflow.state, _STATES[workflow.state])


def age(since: datetime, now_s: float | None = None) -> str:
    """How long ago something was, in whole units of the largest that fits."""
    seconds = max((time.time() if now_s is None else now_s) - since.timestamp(), 0.0)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def printable(text: str) -> str:
    """The text in one line, without characters that would steer the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
