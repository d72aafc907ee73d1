"""Histories made by hand: a letter a state, with the time it was taken.

`"Q0 S1 P2 R3 C5"` is a job that was queued at 0 s, resumed at 1 s, claimed at 2 s, begun at 3 s
and completed at 5 s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .records import AWAITING, QUEUED, SKIPPED, BranchShape, History, JobHistory, StateAt
from .records import WorkflowHistory as Workflow

LETTERS = {
    "Q": ("PAUSED", QUEUED),
    "A": ("PAUSED", AWAITING),
    "U": ("PAUSED", "Paused"),
    "S": ("SCHEDULED", "Resuming"),
    "L": ("SCHEDULED", "Late"),
    "P": ("PENDING", "Pending"),
    "R": ("RUNNING", "Running"),
    "X": ("CANCELLING", "Cancelling"),
    "C": ("COMPLETED", "Completed"),
    "F": ("FAILED", "Failed"),
    "N": ("FAILED", "Not admitted"),
    "K": ("CRASHED", "Crashed"),
    "Z": ("CANCELLED", "Cancelled"),
    "Y": ("CANCELLED", SKIPPED),
}


def states(said: str, run: str = "") -> tuple[StateAt, ...]:
    """States as they are said; the id of each is the run's, a slash and what was said of it."""
    return tuple(
        StateAt(*LETTERS[word[0]], float(word[1:]), f"{run}/{word}") for word in said.split()
    )


def made_job(run: str, said: str, **given: object) -> JobHistory:
    """A job on its own: tenant `t`, workflow `w`, branch 0, its only job, no labels."""
    fields = {"tenant": "t", "workflow": "w", "branch": 0, "index": 0, "jobs": 1, "kind": "k"}
    return JobHistory(id=run, states=states(said, run), **{**fields, **given})  # type: ignore[arg-type]


def made(
    tenant: str, said: str, needs: Mapping[str, Sequence[str]] | None = None, **branches: str
) -> History:
    """A workflow, called as its tenant, and its jobs, `<tenant>.<branch><index>`.

    Args:
        tenant: Its tenant.
        said: States of the workflow's run.
        needs: What branches need.
        branches: States of the jobs of each branch, split by `|`.
    """
    shapes, jobs = [], []
    total = sum(len(text.split("|")) for text in branches.values())
    for number, (name, text) in enumerate(branches.items()):
        parts = text.split("|")
        shapes.append(BranchShape(name, len(parts), tuple((needs or {}).get(name, ()))))
        for index, part in enumerate(parts):
            place = {"branch": number, "index": index, "jobs": total}
            run = f"{tenant}.{name}{index}"
            jobs.append(made_job(run, part, tenant=tenant, workflow=tenant, **place))
    flow = Workflow(tenant, tenant, tuple(shapes), states(said, tenant))
    return History((flow,), tuple(jobs))


def together(*parts: History) -> History:
    """Histories of one server."""
    return History(
        workflows=tuple(flow for part in parts for flow in part.workflows),
        jobs=tuple(job for part in parts for job in part.jobs),
        strangers=tuple(run for part in parts for run in part.strangers),
    )


def with_job(history: History, run: str, **changed: object) -> History:
    """The history with something else about one job."""
    jobs = tuple(
        replace(job, **changed) if job.id == run else job  # type: ignore[arg-type]
        for job in history.jobs
    )
    return replace(history, jobs=jobs)


def without_job(history: History, run: str) -> History:
    """The history without a job."""
    return replace(history, jobs=tuple(job for job in history.jobs if job.id != run))
