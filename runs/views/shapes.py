"""What is shown of workflows and jobs: plain frozen values."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from runs.records import Times
from slideloom.scheduling.state import JobState, Reason

OPEN = frozenset({JobState.PENDING, JobState.RUNNING})


@dataclass(frozen=True, slots=True)
class JobView:
    """A job.

    Attributes:
        id: The job's id.
        tenant: Whose it is.
        workflow: Id of its workflow.
        branch: Name of its branch.
        number: Its number in the branch, from 1.
        kind: `segment_cells` or `tissue_mask`.
        slide: The slide, as it was submitted.
        state: Where it is.
        reason: Why it waits, once the dispatcher has said so.
        attempt: How often it has been started.
        done: Tiles that are segmented; None: not told yet.
        total: Tiles to segment; None: not told yet.
        message: What its state says.
        folder: Where its result goes.
        error: Name of the error that no retry helps against.
        waits: What it waits for while it runs, such as a GPU worker; empty: it is at work.
        mpp: µm per level-0 pixel as it was submitted; None: what the slide says counts.
        times: When it was made, first started, and ended.
    """

    id: str
    tenant: str
    workflow: str
    branch: str
    number: int
    kind: str
    slide: str
    state: JobState
    reason: Reason | None
    attempt: int
    done: int | None
    total: int | None
    message: str
    folder: str
    error: str | None
    waits: str = ""
    mpp: float | None = None
    times: Times = field(default_factory=Times)

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state not in OPEN


@dataclass(frozen=True, slots=True)
class BranchView:
    """A branch with those of its jobs that have been created, in order."""

    name: str
    needs: tuple[str, ...]
    jobs: tuple[JobView, ...]


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """A workflow in a list.

    Attributes:
        id: The workflow's id.
        tenant: Whose it is.
        name: Its name in the spec.
        state: PENDING until a worker has taken it, then RUNNING until its jobs have ended.
        message: What its state says.
        created: When it was submitted.
        done: Jobs that have ended.
        total: Jobs in all.
    """

    id: str
    tenant: str
    name: str
    state: JobState
    message: str
    created: datetime
    done: int
    total: int

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state not in OPEN


@dataclass(frozen=True, slots=True)
class WorkflowView(WorkflowLine):
    """A workflow with its branches; none where the spec cannot be read."""

    branches: tuple[BranchView, ...]

    @property
    def jobs(self) -> list[JobView]:
        """All jobs that have been created."""
        return [job for branch in self.branches for job in branch.jobs]

    @property
    def accepted(self) -> bool:
        """Whether its spec was found good and all its jobs have been created."""
        return 0 < self.total == len(self.jobs)


def plain(view: JobView | WorkflowLine) -> dict[str, Any]:
    """The view as plain data, its fields as keys; times as ISO 8601 in UTC."""
    return asdict(view, dict_factory=_plain_fields)


def _plain_fields(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields
    }
