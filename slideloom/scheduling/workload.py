"""Made tenants for the simulator: how they submit, how long their jobs run, what goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from slideloom.scheduling.state import Branch, Job, Workflow


@dataclass(frozen=True, slots=True)
class Load:
    """How one tenant behaves; shares are probabilities.

    Attributes:
        tenant: The tenant's id.
        workflows: How many it submits.
        every_s: Mean time between two, drawn from an exponential distribution; 0: all at once.
        first_s: When it begins.
        branches: Branches of a workflow.
        jobs: Jobs of a branch.
        chained: Share of branches that need the one before.
        job_s: Mean run time of a job; drawn between half of it and half as much again.
        long_share: Share of jobs that run `long_factor` times as long.
        long_factor: How much longer long jobs run.
        fails: Share of attempts that fail.
        cancels: Share of jobs that are cancelled at some moment.
        retries: Share of failed jobs that somebody retries later.
    """

    tenant: str
    workflows: int = 1
    every_s: float = 0.0
    first_s: float = 0.0
    branches: int = 4
    jobs: int = 3
    chained: float = 0.0
    job_s: float = 60.0
    long_share: float = 0.0
    long_factor: float = 10.0
    fails: float = 0.0
    cancels: float = 0.0
    retries: float = 0.0

    def submissions(self, random: Random) -> Iterator[Workflow]:
        """Workflows with their times, in order."""
        time_s = self.first_s
        for number in range(self.workflows):
            yield self._workflow(f"{self.tenant}/{number:05}", time_s, random)
            time_s += random.expovariate(1 / self.every_s) if self.every_s else 0.0

    def run_time_s(self, random: Random) -> float:
        """How long one attempt takes."""
        longer = self.long_factor if random.random() < self.long_share else 1.0
        return self.job_s * longer * random.uniform(0.5, 1.5)

    def _workflow(self, name: str, created_s: float, random: Random) -> Workflow:
        branches = []
        for index in range(self.branches):
            jobs = tuple(Job(f"{name}/{index}/{place}") for place in range(self.jobs))
            needs = (str(index - 1),) if index and random.random() < self.chained else ()
            branches.append(Branch(str(index), jobs, needs))
        return Workflow(name, self.tenant, created_s, tuple(branches))
