"""From runs to jobs: what a run's state means to the scheduler.

Pure; the table of states is in docs/scheduling.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from prefect.client.schemas.objects import StateType
from pydantic import BaseModel, Field, ValidationError

from runs import labels
from runs.records import JobRun, WorkflowRun
from runs.states import QUEUED, SKIPPED
from slideloom.scheduling.state import Branch, Job, JobState, Workflow

_OCCUPIED = {StateType.PENDING, StateType.RUNNING, StateType.CANCELLING}
_ILL = {StateType.FAILED, StateType.CRASHED}

_MOST_DOUBLINGS = 12

ENDED = {StateType.COMPLETED, StateType.CANCELLED, *_ILL}


class Due(Enum):
    """What has to be done to a run before its state means what it should."""

    NOTHING = auto()
    RESUME = auto()
    """It is admitted, and whoever wrote that down has not resumed it yet."""
    QUEUE_AGAIN = auto()
    """Somebody started it past the dispatcher, or asked for it again."""
    RETRY = auto()
    """It broke or crashed and has automatic retries left."""
    RETRY_WRITTEN = auto()
    """The same, and it is written down already."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a job is tried again by itself, and after what pause.

    Attributes:
        retries: Automatic retries.
        delay_s: Pause before the first, doubled each time.
    """

    retries: int = 1
    delay_s: float = 10.0


def meaning(run: JobRun, patience: Patience, by_hand: bool = False) -> tuple[Job, Due]:
    """What the run is to the scheduler, and what is due.

    Args:
        run: The run.
        patience: Automatic retries.
        by_hand: For a run in a Scheduled state: it got there without being admitted.
    """
    state, due = _state(run, patience, by_hand)
    waits = state is JobState.PENDING
    return Job(run.id, state, _queues_from(run, patience, due) if waits else None), due


def _state(run: JobRun, patience: Patience, by_hand: bool) -> tuple[JobState, Due]:
    if run.type in _OCCUPIED:
        return JobState.RUNNING, Due.NOTHING
    if run.type is StateType.SCHEDULED:
        again = (JobState.PENDING, Due.QUEUE_AGAIN)
        return again if by_hand else (JobState.RUNNING, Due.NOTHING)
    if run.type is StateType.PAUSED:
        return _paused(run)
    if run.type in _ILL:
        return _ill(run, patience)
    if run.type is StateType.CANCELLED:
        skipped = run.state == SKIPPED
        return (JobState.SKIPPED if skipped else JobState.CANCELLED), Due.NOTHING
    return JobState.SUCCEEDED, Due.NOTHING


def _paused(run: JobRun) -> tuple[JobState, Due]:
    if run.state != QUEUED:
        return JobState.PENDING, Due.QUEUE_AGAIN
    if run.admitted == run.state_id:
        return JobState.RUNNING, Due.RESUME
    return JobState.PENDING, Due.NOTHING


def _ill(run: JobRun, patience: Patience) -> tuple[JobState, Due]:
    if run.labels.get(labels.RETRY_OF) == run.state_id:
        return JobState.PENDING, Due.RETRY_WRITTEN
    if run.labels.get(labels.ERROR) or run.retries >= patience.retries:
        return JobState.FAILED, Due.NOTHING
    return JobState.PENDING, Due.RETRY


def _queues_from(run: JobRun, patience: Patience, due: Due) -> float | None:
    if due is Due.RETRY:
        return pause_until_s(run, patience)
    return run.not_before_s


def pause_until_s(run: JobRun, patience: Patience) -> float:
    """When a run that has broken may start again, in seconds since 1970."""
    return run.since_s + patience.delay_s * 2.0 ** min(run.retries, _MOST_DOUBLINGS)


class ShapeOfBranch(BaseModel):
    """As much of a branch as the policy wants to know."""

    name: str
    needs: list[str] = Field(default_factory=list)
    jobs: list[Any] = Field(min_length=1)


class Shape(BaseModel):
    """As much of a spec as the policy wants to know; whether it can be run is not asked here."""

    tenant: str
    branches: list[ShapeOfBranch] = Field(min_length=1)

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return sum(len(branch.jobs) for branch in self.branches)


def shape_of(spec: Any) -> Shape | None:
    """The shape of a spec; None where it is no spec at all: anybody can write anything there."""
    try:
        return Shape.model_validate(spec)
    except ValidationError:
        return None


def jobs_in(spec: Any) -> int:
    """How many jobs a spec has; 0 where it is no spec at all."""
    shape = shape_of(spec)
    return shape.jobs if shape else 0


def assemble(run: WorkflowRun, shape: Shape, jobs: Sequence[Sequence[Job]]) -> Workflow:
    """The workflow as the policy wants it.

    Args:
        run: The workflow's run.
        shape: The shape of its spec.
        jobs: Jobs per branch, in the spec's order.
    """
    branches = tuple(
        Branch(stated.name, tuple(given), tuple(stated.needs))
        for stated, given in zip(shape.branches, jobs, strict=True)
    )
    return Workflow(run.id, shape.tenant, run.created_s, branches)
