"""Runs of jobs and workflows as plain values, read off Prefect's flow runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, StateType

from runs import labels
from runs.states import JOBS_CANCELLED

_FIRST = "Scheduled"
"""Name of the state in which Prefect makes a run; later ones of that type are named otherwise."""


@dataclass(frozen=True, slots=True)
class Times:
    """When what happened to a run; None: it has not yet.

    Attributes:
        created: It was made.
        started: It was started first.
        ended: It ended last.
    """

    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job's run as it was when it was read.

    Attributes:
        id: Id of the flow run, the job's id.
        name: Readable name.
        tenant: Whose job it is.
        workflow: Id of the workflow's run.
        branch: Number of its branch, from 0.
        index: Number of the job in its branch, from 0.
        jobs: How many jobs the workflow has.
        type: Type of its state.
        state: Name of its state.
        state_id: Id of its state.
        since_s: When that state was taken, in seconds since 1970.
        message: What the state says.
        tags: Tags of the run.
        labels: Labels of the run.
        parameters: Parameters of the run: `job` and `out`.
        times: When it was made, first started, and ended.
    """

    id: str
    name: str
    tenant: str
    workflow: str
    branch: int
    index: int
    jobs: int
    type: StateType
    state: str
    state_id: str
    since_s: float
    message: str
    tags: frozenset[str]
    labels: Mapping[str, Any]
    parameters: Mapping[str, Any]
    times: Times = Times()

    @property
    def attempt(self) -> int:
        """How often it has been admitted."""
        return int(self.labels.get(labels.ATTEMPT, 0))

    @property
    def admitted(self) -> str:
        """Id of the Queued state out of which it was admitted last; empty: never."""
        return str(self.labels.get(labels.ADMITTED, ""))

    @property
    def not_before_s(self) -> float | None:
        """Since when it queues, where that is not the workflow's submission."""
        stated = self.labels.get(labels.NOT_BEFORE)
        return float(stated) if stated else None

    @property
    def retries(self) -> int:
        """Automatic retries used up."""
        return int(self.labels.get(labels.RETRIES, 0))


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A workflow's run as it was when it was read.

    Attributes:
        id: Id of the flow run, the workflow's id.
        name: Readable name.
        type: Type of its state.
        state: Name of its state.
        state_id: Id of its state.
        since_s: When that state was taken, in seconds since 1970.
        message: What the state says.
        created_s: When it was created, in seconds since 1970.
        spec: The spec as it was submitted; checked by the run itself, so perhaps anything.
        labels: Labels of the run.
    """

    id: str
    name: str
    type: StateType
    state: str
    state_id: str
    since_s: float
    message: str
    created_s: float
    spec: Any
    labels: Mapping[str, Any]

    @property
    def is_withdrawn(self) -> bool:
        """Whether somebody cancelled the workflow itself, and so all its jobs."""
        cancelled = self.type in {StateType.CANCELLED, StateType.CANCELLING}
        return cancelled and self.state != JOBS_CANCELLED

    @property
    def is_new(self) -> bool:
        """Whether no worker has taken it yet: it has made no jobs."""
        return self.type is StateType.SCHEDULED and self.state == _FIRST and not self.restarts

    @property
    def restarts(self) -> int:
        """How often it was started again after its worker died."""
        stated = self.labels.get(labels.RESTARTS, 0)
        return int(stated) if isinstance(stated, int | float) else 0


def job_run(run: FlowRun) -> JobRun | None:
    """The job's run; None where the run belongs to no workflow, or its labels are not ours.

    Whoever may use the API can make a run with any labels.
    """
    try:
        found = _parsed(run, dict(run.labels or {}))
        _ = found and (found.attempt, found.retries, found.not_before_s)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return found


def _parsed(run: FlowRun, written: dict[str, Any]) -> JobRun | None:
    if run.state is None:
        return None
    return JobRun(
        id=str(run.id),
        name=run.name,
        tenant=str(written[labels.TENANT]),
        workflow=str(UUID(str(written[labels.WORKFLOW]))),
        branch=int(written[labels.BRANCH]),
        index=int(written[labels.INDEX]),
        jobs=int(written[labels.JOBS]),
        type=run.state.type,
        state=run.state.name or "",
        state_id=str(run.state.id),
        since_s=run.state.timestamp.timestamp(),
        message=run.state.message or "",
        tags=frozenset(run.tags),
        labels=written,
        parameters=dict(run.parameters or {}),
        times=Times(run.created, run.start_time, run.end_time),
    )


def workflow_run(run: FlowRun) -> WorkflowRun | None:
    """The workflow's run; None while it has no state."""
    if run.state is None or run.created is None:
        return None
    return WorkflowRun(
        id=str(run.id),
        name=run.name,
        type=run.state.type,
        state=run.state.name or "",
        state_id=str(run.state.id),
        since_s=run.state.timestamp.timestamp(),
        message=run.state.message or "",
        created_s=run.created.timestamp(),
        spec=(run.parameters or {}).get("spec"),
        labels=dict(run.labels or {}),
    )
