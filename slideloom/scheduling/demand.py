"""What each tenant wants: one walk over the open jobs."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from slideloom.scheduling.followers import ill_ends
from slideloom.scheduling.state import Branch, Job, JobState, Reason, Workflow

Age = tuple[float, float, str, int, int]
"""Sorts jobs from the oldest: queued since, then workflow created, workflow id, branch, job."""

_PENDING, _RUNNING, _SUCCEEDED = JobState.PENDING, JobState.RUNNING, JobState.SUCCEEDED


@dataclass(slots=True)
class Demand:
    """What one tenant has open.

    Attributes:
        tenant: The tenant's id.
        running: Number of its running jobs.
        heads: Jobs that branch and needs let start, with their ages.
        held_back: Jobs that must wait for others of the workflow, and why.
        oldest: Age of its oldest PENDING job.
    """

    tenant: str
    running: int = 0
    heads: list[tuple[Age, str]] = field(default_factory=list)
    held_back: list[tuple[str, Reason]] = field(default_factory=list)
    oldest: Age | None = None

    @property
    def unfinished(self) -> bool:
        """Whether any of its jobs has not ended."""
        return self.running > 0 or self.oldest is not None


@dataclass(slots=True)
class Survey:
    """All that can be said without looking at places and limits.

    Attributes:
        now_s: The time.
        demands: By tenant.
        skip: PENDING jobs that can no longer succeed.
        wake_s: When the next pause after a failure ends.
    """

    now_s: float
    demands: dict[str, Demand] = field(default_factory=dict)
    skip: list[str] = field(default_factory=list)
    wake_s: float | None = None


def survey(workflows: Iterable[Workflow], now_s: float) -> Survey:
    """Walk over all jobs once."""
    found = Survey(now_s)
    for workflow in sorted(workflows, key=lambda workflow: (workflow.created_s, workflow.id)):
        demand = found.demands.setdefault(workflow.tenant, Demand(workflow.tenant))
        won = {branch.name for branch in workflow.branches if _succeeded(branch)}
        ends = ill_ends(workflow.branches)
        for index, (branch, end) in enumerate(zip(workflow.branches, ends, strict=True)):
            pending = _walk(branch, end, demand, found.skip)
            if pending:
                oldest = min(_age(workflow, index, place, branch) for place in pending)
                demand.oldest = min(demand.oldest or oldest, oldest)
                ready = all(need in won for need in branch.needs)
                _sort_out(_Line(workflow, index, pending, ready), demand, found)
    return found


@dataclass(slots=True)
class _Line:
    """The PENDING jobs of one branch, in order."""

    workflow: Workflow
    index: int
    pending: list[int]
    needs_met: bool

    @property
    def branch(self) -> Branch:
        return self.workflow.branches[self.index]


def _succeeded(branch: Branch) -> bool:
    return all(job.state is _SUCCEEDED for job in branch.jobs)


def _walk(branch: Branch, ill_end: int | None, demand: Demand, skip: list[str]) -> list[int]:
    """Count what runs, skip what follows an ill end, return the places of what is PENDING."""
    pending = []
    for place, job in enumerate(branch.jobs):
        if job.state is _RUNNING:
            demand.running += 1
        elif job.state is _PENDING:
            if ill_end is not None and place > ill_end:
                skip.append(job.id)
            else:
                pending.append(place)
    return pending


def _sort_out(line: _Line, demand: Demand, found: Survey) -> None:
    """The first job of the line may be a head; all others wait for it."""
    jobs = line.branch.jobs
    first = jobs[line.pending[0]]
    demand.held_back += [(jobs[place].id, Reason.BRANCH) for place in line.pending[1:]]
    if any(job.state is _RUNNING for job in jobs) or _pauses(first, found):
        demand.held_back.append((first.id, Reason.BRANCH))
    elif not line.needs_met:
        demand.held_back.append((first.id, Reason.NEEDS))
    else:
        age = _age(line.workflow, line.index, line.pending[0], line.branch)
        demand.heads.append((age, first.id))


def _pauses(job: Job, found: Survey) -> bool:
    until = job.not_before_s
    if until is None or until <= found.now_s:
        return False
    found.wake_s = until if found.wake_s is None else min(found.wake_s, until)
    return True


def _age(workflow: Workflow, index: int, place: int, branch: Branch) -> Age:
    created, again = workflow.created_s, branch.jobs[place].not_before_s
    queued = created if again is None else max(created, again)
    return queued, created, workflow.id, index, place
