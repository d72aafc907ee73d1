"""What a server remembers, as plain values. Times are seconds since 1970 on the server's clock."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

TOLERANCE_S = 0.0
"""Overlaps up to that long are not counted."""

QUEUED = "Queued"
AWAITING = "Awaiting jobs"
SKIPPED = "Skipped"

CLAIMED = frozenset({"PENDING", "RUNNING", "CANCELLING"})
ILL = frozenset({"FAILED", "CRASHED", "CANCELLED"})
ENDED = frozenset({"COMPLETED", *ILL})


class Promise(StrEnum):
    """What was promised."""

    WORKERS = "never more jobs than workers"
    TENANTS = "never more tenants with running jobs than places"
    PLACES = "a tenant keeps its place until all its jobs have ended"
    ONE_PER_BRANCH = "one job of a branch at a time"
    ORDER = "jobs of a branch run in order"
    NEEDS = "a branch starts after those that it needs"
    ADMISSION = "nobody gets past the dispatcher"
    NONE_LOST = "no job is lost"
    OWN_BRANCH = "a failure stops only what depends on it"
    ONCE = "a job is committed once"
    RESULTS = "a result is there if and only if its job completed"
    WORKFLOW = "a workflow ends as its jobs did"


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was broken.

    Attributes:
        promise: Which one.
        said: What was found.
        runs: Ids of the flow runs that show it.
    """

    promise: Promise
    said: str
    runs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.promise}: {self.said} [{', '.join(self.runs)}]"


@dataclass(frozen=True, slots=True)
class StateAt:
    """A state of a run: its type in Prefect's capitals, its name, when it was taken."""

    type: str
    name: str
    at_s: float
    id: str = ""
    message: str = ""

    def __str__(self) -> str:
        return f"{self.type} ({self.name})"


@dataclass(frozen=True, slots=True)
class JobHistory:
    """A job's run with all its states, oldest first.

    Attributes:
        id: Id of the run.
        tenant: Whose it is.
        workflow: Id of the workflow's run.
        branch: Number of its branch, from 0.
        index: Number of the job in its branch, from 0.
        jobs: How many jobs its workflow was said to have when it was made.
        kind: Kind of job.
        states: Its states.
        attempt: The label that counts its admissions; None: not known for these states.
        admitted: The label that names the Queued state out of which it was admitted last.
        not_before_s: It queues from then on, by its label.
        out: Folder of its result.
    """

    id: str
    tenant: str
    workflow: str
    branch: int
    index: int
    jobs: int
    kind: str
    states: tuple[StateAt, ...]
    attempt: int | None = None
    admitted: str = ""
    not_before_s: float | None = None
    out: str = ""


@dataclass(frozen=True, slots=True)
class BranchShape:
    """A branch of a spec: its name, how many jobs it has, what it needs."""

    name: str
    jobs: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowHistory:
    """A workflow's run with all its states, oldest first; no branches: its spec is none."""

    id: str
    tenant: str
    branches: tuple[BranchShape, ...]
    states: tuple[StateAt, ...]


@dataclass(frozen=True, slots=True)
class StrangerHistory:
    """A run of an internal deployment that belongs to no workflow."""

    id: str
    states: tuple[StateAt, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All that was read; `inversions`: runs whose latest state was asked for before another."""

    workflows: tuple[WorkflowHistory, ...] = ()
    jobs: tuple[JobHistory, ...] = ()
    strangers: tuple[StrangerHistory, ...] = ()
    inversions: int = 0

    def by_branch(self) -> dict[tuple[str, int], list[JobHistory]]:
        """Jobs of each branch of each workflow, in order."""
        found = defaultdict(list)
        for job in sorted(self.jobs, key=lambda job: job.index):
            found[job.workflow, job.branch].append(job)
        return dict(found)

    def by_workflow(self) -> dict[str, list[JobHistory]]:
        """Jobs of each workflow."""
        found = defaultdict(list)
        for job in self.jobs:
            found[job.workflow].append(job)
        return dict(found)


def state_at(states: Sequence[StateAt], when_s: float) -> StateAt | None:
    """The state at a time; None before the first."""
    return next((state for state in reversed(states) if state.at_s <= when_s), None)


def last_end(states: Sequence[StateAt], when_s: float) -> StateAt | None:
    """The last terminal state up to a time."""
    ends = (state for state in reversed(states) if state.at_s <= when_s and state.type in ENDED)
    return next(ends, None)


def has_ended(states: Sequence[StateAt]) -> bool:
    """Whether the last state is a terminal one."""
    return bool(states) and states[-1].type in ENDED


def ids(runs: Iterable[JobHistory]) -> tuple[str, ...]:
    """Ids of runs."""
    return tuple(run.id for run in runs)
