"""From runs, as they were read, to what is shown of them. Pure but for the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any

from prefect.client.schemas.objects import FlowRun, StateType

from runs import labels
from runs.names import WAITING
from runs.progress import Told
from runs.reading import Patience, jobs_in, meaning, shape_of
from runs.records import JobRun, WorkflowRun, workflow_run
from runs.views.shapes import BranchView, JobView, WorkflowLine, WorkflowView
from slideloom.scheduling.state import JobState, Reason
from slideloom.settings import settings

_PREFECTS_WORDS = "Flow run encountered an exception: "

Tiles = Mapping[str, Told]
"""How far each job is, by its id."""


_OVER = {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED}


def is_cancelled(home: WorkflowRun | None) -> bool:
    """Whether a workflow's jobs are to be cancelled."""
    return home is None or home.is_withdrawn


def state_of(job: JobRun, home: WorkflowRun | None) -> JobState:
    """What the job's run means.

    In a workflow that has ended nothing is tried again by itself, whatever settings say here.
    """
    stated = settings()
    over = is_cancelled(home) or (home is not None and home.type in _OVER)
    retries = 0 if over else stated.job_retries
    return meaning(job, Patience(retries, stated.retry_delay_s))[0].state


def workflow_of(run: FlowRun) -> WorkflowRun | None:
    """The workflow's run; None where it is one of something else."""
    is_one = "spec" in (run.parameters or {}) and labels.WORKFLOW not in (run.labels or {})
    return workflow_run(run) if is_one else None


def workflow_line(run: WorkflowRun, done: int) -> WorkflowLine:
    """The workflow in a list."""
    return WorkflowLine(**_head(run), done=done, total=jobs_in(run.spec))


def _head(run: WorkflowRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "tenant": said(run, "tenant"),
        "name": said(run, "name"),
        "state": _state_of_workflow(run),
        "message": _message(run.message),
        "created": datetime.fromtimestamp(run.created_s, UTC),
    }


def said(run: WorkflowRun, field: str) -> str:
    """A field of the spec; empty where the spec is not one."""
    return str(run.spec.get(field, "")) if isinstance(run.spec, dict) else ""


_STATES = {
    StateType.SCHEDULED: JobState.PENDING,
    StateType.PENDING: JobState.PENDING,
    StateType.COMPLETED: JobState.SUCCEEDED,
    StateType.FAILED: JobState.FAILED,
    StateType.CANCELLED: JobState.CANCELLED,
}


def _state_of_workflow(run: WorkflowRun) -> JobState:
    """A crashed one is RUNNING: the dispatcher starts it again, or ends it Failed."""
    return _STATES.get(run.type, JobState.RUNNING)


def _message(text: str) -> str:
    return text.removeprefix(_PREFECTS_WORDS).strip()


def workflow_view(run: WorkflowRun, jobs: Sequence[JobRun], tiles: Tiles) -> WorkflowView:
    """The workflow with its jobs; runs of jobs that are not in its spec are left out."""
    views = {(job.branch, job.index): job_view(job, run, tiles) for job in jobs}
    shape = shape_of(run.spec)
    branches = tuple(
        BranchView(
            name=_branch_name(run, number),
            needs=tuple(branch.needs),
            jobs=tuple(
                views[number, index]
                for index in range(len(branch.jobs))
                if (number, index) in views
            ),
        )
        for number, branch in enumerate(shape.branches if shape else ())
    )
    done = sum(view.ended for view in views.values())
    return WorkflowView(**_head(run), done=done, total=jobs_in(run.spec), branches=branches)


def job_view(run: JobRun, home: WorkflowRun | None, tiles: Tiles) -> JobView:
    """The job; `home` is its workflow's run."""
    state = state_of(run, home)
    job = run.parameters.get("job")
    stated = job if isinstance(job, dict) else {}
    told = tiles.get(run.id) or Told()
    return JobView(
        id=run.id,
        tenant=_owner(run, home),
        workflow=run.workflow,
        branch=_branch_name(home, run.branch),
        number=run.index + 1,
        kind=str(stated.get("kind", "")),
        slide=str(stated.get("slide", "")),
        state=state,
        reason=_reason(run) if state is JobState.PENDING else None,
        attempt=run.attempt,
        done=None if told.total is None else told.done,
        total=told.total,
        message=_message(run.message),
        folder=str(run.parameters.get("out", "")),
        error=str(run.labels.get(labels.ERROR) or "") or None,
        waits=told.waits if state is JobState.RUNNING else "",
        mpp=_mpp(stated),
        times=run.times if state.ended else replace(run.times, ended=None),
    )


def _owner(run: JobRun, home: WorkflowRun | None) -> str:
    """Whose job it is; nobody's where its label and its workflow's spec do not agree.

    The dispatcher goes by the spec, which is written once.
    """
    agreed = home is None or said(home, "tenant") == run.tenant
    return run.tenant if agreed else ""


def _mpp(stated: dict[str, Any]) -> float | None:
    """What the job says; a run that was made by hand may say anything."""
    mpp = stated.get("mpp")
    return float(mpp) if isinstance(mpp, int | float) and 0 < mpp < inf else None


def _branch_name(home: WorkflowRun | None, number: int) -> str:
    try:
        return str(home.spec["branches"][number]["name"]) if home else str(number + 1)
    except (KeyError, IndexError, TypeError):
        return str(number + 1)


def _reason(run: JobRun) -> Reason | None:
    said = {tag.removeprefix(WAITING) for tag in run.tags if tag.startswith(WAITING)}
    return next((reason for reason in Reason if reason in said), None)
