"""What a simulation measured."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from slideloom.scheduling.state import JobState, Workflow


@dataclass(slots=True)
class Tally:
    """Figures of one simulation.

    Attributes:
        span_s: How long it lasted.
        workers: Workers that there were.
        waits: By tenant, seconds from submission of each workflow to the start of its first job;
            of one that never started, to the end.
        never: By tenant, workflows with work that never started.
        service_s: By tenant, seconds of workers' time.
        ended: Jobs by the state in which they ended.
        most_running: Most jobs that ran at one moment.
        most_tenants: Most tenants with running jobs at one moment.
        most_in_branch: Most jobs of one branch that ran at one moment.
    """

    span_s: float = 0.0
    workers: int = 1
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    never: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    service_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    ended: dict[JobState, int] = field(default_factory=dict)
    most_running: int = 0
    most_tenants: int = 0
    most_in_branch: int = 0

    def wait_s(self, share: float, tenants: Collection[str] | None = None) -> float:
        """Wait that `share` of the workflows did not exceed: 0.5 the median, 1 the longest."""
        found = sorted(
            wait
            for tenant, waits in self.waits.items()
            if tenants is None or tenant in tenants
            for wait in waits
        )
        return found[max(-int(-share * len(found) // 1) - 1, 0)] if found else 0.0

    def fairness(self, tenants: Collection[str] | None = None) -> float:
        """Jain's index of the workers' time: 1 where all got the same, 1/n where one got all."""
        return jain(self.service_s[tenant] for tenant in tenants or list(self.waits))

    def utilisation(self) -> float:
        """Share of the workers' time that was used."""
        return sum(self.service_s.values()) / (self.span_s * self.workers) if self.span_s else 0.0

    def observe(self, running: Iterable[tuple[str, str, str]]) -> None:
        """Note what runs at a moment: tenant, workflow, branch of each job."""
        jobs = list(running)
        self.most_running = max(self.most_running, len(jobs))
        self.most_tenants = max(self.most_tenants, len({tenant for tenant, _, _ in jobs}))
        in_branch = max((jobs.count(job) for job in jobs), default=0)
        self.most_in_branch = max(self.most_in_branch, in_branch)

    def count(self, workflows: Iterable[Workflow]) -> None:
        """Count the jobs that ended, by state."""
        for workflow in workflows:
            for branch in workflow.branches:
                for job in branch.jobs:
                    self.ended[job.state] = self.ended.get(job.state, 0) + 1


def jain(values: Iterable[float]) -> float:
    """Jain's fairness index, (Σx)² / (n · Σx²); 1 where there is nothing to share."""
    shares = list(values)
    squares = sum(share * share for share in shares)
    total = sum(shares)
    return total * total / (len(shares) * squares) if squares else 1.0
