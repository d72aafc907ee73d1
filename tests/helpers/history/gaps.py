"""How long a place lay idle: from the end of a job to the admission that it made possible.

For each admission the moment is sought at which the last thing it waited for came about:

- a worker's place: each admission takes the place that has been free the longest;
- its tenant's place, for the first admission of a stay, likewise;
- the end of the job before it in its branch, and of the branches that its branch needs;
- its being there at all: its workflow complete, itself queued, its pause after a failure over.

Where that was an end, the time from there to the admission is a gap. Where it was the last of these
the job was waited for, and there is none. It takes only what happened for what was possible: where
a tenant must rotate, its jobs wait though places are free, and the figure is too large.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .order import needed
from .records import History, JobHistory, WorkflowHistory
from .stays import complete_s, stays
from .stretches import Stretch


@dataclass(frozen=True, slots=True)
class Gap:
    """An admission that waited for an end.

    Attributes:
        job: Id of the run that was admitted.
        from_s: The end that made it possible.
        seconds: From there to the admission.
    """

    job: str
    from_s: float
    seconds: float


class Places:
    """Interchangeable places; whoever comes takes the one that has been free the longest."""

    def __init__(self, number: int, ends_s: Sequence[float]) -> None:
        """All are free from the beginning; one more becomes free at each end."""
        self._free = [-math.inf] * number
        self._ends = sorted(ends_s)
        self._past = 0

    def take(self, now_s: float) -> float:
        """Since when the place that is taken now was free; -inf where none is."""
        while self._past < len(self._ends) and self._ends[self._past] <= now_s:
            heapq.heappush(self._free, self._ends[self._past])
            self._past += 1
        return heapq.heappop(self._free) if self._free else -math.inf


def gaps(
    history: History, running: Sequence[Stretch], max_workers: int, max_users: int
) -> list[Gap]:
    """Every admission that an end made possible, in order."""
    held = stays(history, running)
    workers = Places(max_workers, [part.end_s for part in running])
    tenants = Places(max_users, [stay.end_s for stay in held])
    entries = {(stay.who, stay.start_s) for stay in held}
    asked, behind = _Asked(history), _Behind(history)
    found = []
    for part in running:
        freed_s = max(workers.take(part.start_s), behind.until_s(part))
        if (part.job.tenant, part.start_s) in entries:
            freed_s = max(freed_s, tenants.take(part.start_s))
        if freed_s >= asked.since_s(part) and freed_s > -math.inf:
            found.append(Gap(part.job.id, freed_s, part.start_s - freed_s))
    return found


def waits(history: History, running: Sequence[Stretch]) -> list[float]:
    """Seconds from when each admitted job was there to its admission."""
    asked = _Asked(history)
    since = [(part, asked.since_s(part)) for part in running]
    return [part.start_s - since_s for part, since_s in since if since_s > -math.inf]


class _Asked:
    """Since when a job could have been admitted, had all else been free."""

    def __init__(self, history: History) -> None:
        self._complete_s = {flow: complete_s(jobs) for flow, jobs in history.by_workflow().items()}

    def since_s(self, part: Stretch) -> float:
        """Not later than its admission; -inf where that is not known."""
        own = part.queued.at_s if part.queued else -math.inf
        known = (own, self._complete_s[part.job.workflow], part.job.not_before_s or -math.inf)
        return max(moment for moment in (*known, -math.inf) if moment <= part.start_s)


class _Behind:
    """Until when a job waited for others by the shape of its workflow."""

    def __init__(self, history: History) -> None:
        self._branches = history.by_branch()
        self._flows = {flow.id: flow for flow in history.workflows}

    def until_s(self, part: Stretch) -> float:
        """The last end of all that had to complete before; -inf where there is nothing."""
        job = part.job
        earlier = [
            other for other in self._branches[job.workflow, job.branch] if other.index < job.index
        ]
        earlier += self._needed(self._flows.get(job.workflow), job)
        return max((_completed_s(other, part.start_s) for other in earlier), default=-math.inf)

    def _needed(self, flow: WorkflowHistory | None, job: JobHistory) -> list[JobHistory]:
        numbers = needed(flow, job.branch) if flow else []
        return [
            other for number in numbers for other in self._branches.get((job.workflow, number), ())
        ]


def _completed_s(job: JobHistory, until_s: float) -> float:
    """When it completed last, up to then."""
    times = [
        state.at_s for state in job.states if state.type == "COMPLETED" and state.at_s <= until_s
    ]
    return max(times, default=-math.inf)
