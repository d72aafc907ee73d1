"""Figures of a history: how many, how long, how full."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .gaps import gaps, waits
from .occupancy import job_spans, tenant_spans
from .records import CLAIMED, ENDED, ILL, QUEUED, History, JobHistory, StateAt
from .stays import stays
from .stretches import Stretch, all_stretches, most


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations in seconds: how many, the median, the 95th percentile (nearest rank), the largest.

    Of none at all: nan.
    """

    count: int
    median_s: float
    p95_s: float
    max_s: float

    def __str__(self) -> str:
        said = f"median {self.median_s:.3f} s, p95 {self.p95_s:.3f} s, max {self.max_s:.3f} s"
        return f"{said} ({self.count})" if self.count else "none"


def spread(seconds: Sequence[float]) -> Spread:
    """The spread of durations."""
    if not seconds:
        return Spread(0, math.nan, math.nan, math.nan)
    ranked = sorted(seconds)
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    return Spread(len(ranked), middle, ranked[math.ceil(0.95 * len(ranked)) - 1], ranked[-1])


@dataclass(frozen=True, slots=True)
class Figures:
    """What a history amounts to.

    Attributes:
        workflows: Workflows by their last state's name.
        jobs: Jobs by their last state's name.
        most_jobs: Jobs that ran at once, at most.
        most_tenants: Tenants with running jobs at once, at most.
        most_places: Tenants with a place at once, at most.
        gap: From an end to the admission that it made possible.
        wait: From a job's being there to its admission.
        utilisation: Mean share of the workers' places that was taken, from the first admission to
            the last end; nan where nothing has run or something still runs.
        seconds: From the first admission to the last end.
        tried_again: Jobs admitted more than once.
        changes: Returns to the queue: `retried` after an end, `requeued` by force after a claim,
            `put back` after a start that led to none.
        inversions: Runs whose latest state was asked for before another.
    """

    workflows: Counter[str]
    jobs: Counter[str]
    most_jobs: int
    most_tenants: int
    most_places: int
    gap: Spread
    wait: Spread
    utilisation: float
    seconds: float
    tried_again: int
    changes: Counter[str] = field(default_factory=Counter)
    inversions: int = 0


def figures(history: History, max_workers: int, max_users: int) -> Figures:
    """The figures of a history under these limits."""
    running = all_stretches(history.jobs)
    found = [gap.seconds for gap in gaps(history, running, max_workers, max_users)]
    seconds, busy_s = _busy(running)
    starts = Counter(part.job.id for part in running)
    return Figures(
        workflows=Counter(_last_name(flow.states) for flow in history.workflows),
        jobs=Counter(_last_name(job.states) for job in history.jobs),
        most_jobs=most(job_spans(running)),
        most_tenants=most(tenant_spans(running)),
        most_places=most(stays(history, running)),
        gap=spread(found),
        wait=spread(waits(history, running)),
        utilisation=busy_s / (seconds * max_workers) if seconds else math.nan,
        seconds=seconds,
        tried_again=sum(number > 1 for number in starts.values()),
        changes=Counter(change for job in history.jobs for change in _returns(job)),
        inversions=history.inversions,
    )


def _last_name(states: Sequence[StateAt]) -> str:
    return states[-1].name if states else "no state"


def _busy(running: Sequence[Stretch]) -> tuple[float, float]:
    """Seconds from the first start to the last end, and of all stretches together."""
    ends = [part.end_s for part in running]
    if not ends or math.inf in ends:
        return 0.0, 0.0
    return max(ends) - running[0].start_s, sum(part.end_s - part.start_s for part in running)


def _returns(job: JobHistory) -> list[str]:
    """What each return to the queue was."""
    found = []
    for before, after in pairwise(job.states):
        if after.name == QUEUED and before.type in ENDED:
            found.append("retried" if before.type in ILL else "asked for again")
        elif after.name == QUEUED and before.type in CLAIMED:
            found.append("requeued")
        elif after.name == QUEUED and before.type == "SCHEDULED":
            found.append("put back")
    return found
