"""A discrete-event simulation of `decide`: the same rules, made tenants, no waiting.

Between two events nothing changes, so the simulation jumps from one to the next and decides after
each moment at which something happened. The same seed gives the same run.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random

from slideloom.scheduling.decide import decide
from slideloom.scheduling.followers import retry
from slideloom.scheduling.state import Decision, Job, JobState, Limits, Place, Workflow
from slideloom.scheduling.tally import Tally
from slideloom.scheduling.workload import Load

BACK_OFF_S = 30.0
"""Pause before a failed job is tried again by itself."""

Observer = Callable[[list[Workflow], tuple[Place, ...], float, Decision], None]
"""Is shown what each decision was made of, and the decision."""


def simulate(
    loads: Iterable[Load],
    limits: Limits,
    seed: int,
    horizon_s: float | None = None,
    job_retries: int = 1,
    observer: Observer | None = None,
) -> Tally:
    """Run until all work has ended, or until `horizon_s`.

    Args:
        loads: The tenants.
        limits: The limits.
        seed: Of everything that is drawn.
        horizon_s: When to stop, seconds from the beginning; None: when nothing is left.
        job_retries: How often a failed job is tried again by itself.
        observer: Is shown every decision.
    """
    random = Random(seed)  # noqa: S311 - draws a workload, guards nothing
    by_tenant = {load.tenant: load for load in loads}
    simulation = _Simulation(by_tenant, limits, random, job_retries, observer)
    simulation.run(float("inf") if horizon_s is None else horizon_s)
    return simulation.tally


@dataclass(slots=True)
class _Simulation:
    loads: dict[str, Load]
    limits: Limits
    random: Random
    job_retries: int
    observer: Observer | None
    now_s: float = 0.0
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    open: dict[str, Workflow] = field(default_factory=dict)
    home: dict[str, tuple[str, str]] = field(default_factory=dict)
    began_s: dict[str, float] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    places: tuple[Place, ...] = ()
    wakes: set[float] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)

    def run(self, horizon_s: float) -> None:
        for load in self.loads.values():
            for workflow in load.submissions(self.random):
                self._at(workflow.created_s, partial(self._submit, workflow))
        while self.events and self.events[0][0] <= horizon_s:
            self.now_s = self.events[0][0]
            while self.events and self.events[0][0] == self.now_s:
                heappop(self.events)[-1]()
            self._decide()
        self._close(self.now_s if horizon_s == float("inf") else horizon_s)

    def _at(self, time_s: float, event: Callable[[], None]) -> None:
        heappush(self.events, (time_s, next(self.numbers), event))

    def _submit(self, workflow: Workflow) -> None:
        self._keep(workflow)
        load = self.loads[workflow.tenant]
        for branch in workflow.branches:
            for job in branch.jobs:
                self.home[job.id] = workflow.id, branch.name
                if self.random.random() < load.cancels:
                    later_s = self.random.expovariate(1 / (10 * load.job_s))
                    self._at(self.now_s + later_s, partial(self._cancel, job.id))

    def _decide(self) -> None:
        workflows = list(self.open.values())
        decision = decide(workflows, self.places, self.limits, self.now_s)
        if self.observer:
            self.observer(workflows, self.places, self.now_s, decision)
        self.places = decision.places
        for job_id in decision.skip:
            self._set(job_id, JobState.SKIPPED)
        for job_id in decision.admit:
            self._start(job_id)
        if decision.wake_s is not None and decision.wake_s not in self.wakes:
            self.wakes.add(decision.wake_s)
            self._at(decision.wake_s, partial(self.wakes.discard, decision.wake_s))
        homes = (self.home[job_id] for job_id in self.began_s)
        self.tally.observe((self.workflows[name].tenant, name, branch) for name, branch in homes)

    def _start(self, job_id: str) -> None:
        workflow = self._workflow(job_id)
        if workflow.id not in self.started:
            self.started.add(workflow.id)
            self.tally.waits[workflow.tenant].append(self.now_s - workflow.created_s)
        self._set(job_id, JobState.RUNNING)
        self.began_s[job_id] = self.now_s
        self.attempts[job_id] = attempt = self.attempts.get(job_id, 0) + 1
        run_time_s = self.loads[workflow.tenant].run_time_s(self.random)
        self._at(self.now_s + run_time_s, partial(self._end, job_id, attempt))

    def _end(self, job_id: str, attempt: int) -> None:
        if job_id not in self.began_s or self.attempts[job_id] != attempt:
            return  # cancelled before it came to its end
        load = self.loads[self._workflow(job_id).tenant]
        self._stop(job_id)
        if self.random.random() >= load.fails:
            self._set(job_id, JobState.SUCCEEDED)
        elif attempt % (self.job_retries + 1):
            self._set(job_id, JobState.PENDING, self.now_s + BACK_OFF_S)
            self._at(self.now_s + BACK_OFF_S, _nothing)
        else:
            self._set(job_id, JobState.FAILED)
            if self.random.random() < load.retries:
                later_s = self.random.expovariate(1 / (10 * load.job_s))
                self._at(self.now_s + later_s, partial(self._retry, job_id))

    def _cancel(self, job_id: str) -> None:
        state = self._job(job_id).state
        if state is JobState.RUNNING:
            self._stop(job_id)
        if state in (JobState.RUNNING, JobState.PENDING):
            self._set(job_id, JobState.CANCELLED)

    def _retry(self, job_id: str) -> None:
        workflow = self._workflow(job_id)
        self._keep(workflow.with_jobs(retry(workflow, job_id, self.now_s)))

    def _stop(self, job_id: str) -> None:
        served_s = self.now_s - self.began_s.pop(job_id)
        self.tally.service_s[self._workflow(job_id).tenant] += served_s

    def _workflow(self, job_id: str) -> Workflow:
        return self.workflows[self.home[job_id][0]]

    def _job(self, job_id: str) -> Job:
        jobs = (job for branch in self._workflow(job_id).branches for job in branch.jobs)
        return next(job for job in jobs if job.id == job_id)

    def _set(self, job_id: str, state: JobState, not_before_s: float | None = None) -> None:
        changed = replace(self._job(job_id), state=state, not_before_s=not_before_s)
        self._keep(self._workflow(job_id).with_jobs({job_id: changed}))

    def _keep(self, workflow: Workflow) -> None:
        """Remember the workflow, and offer it to `decide` while it has unfinished jobs."""
        self.workflows[workflow.id] = workflow
        if workflow.outcome() is None:
            self.open[workflow.id] = workflow
        else:
            self.open.pop(workflow.id, None)

    def _close(self, end_s: float) -> None:
        self.now_s = end_s
        for job_id in list(self.began_s):
            self._stop(job_id)
        for workflow in self.open.values():
            if workflow.id not in self.started:
                self.tally.waits[workflow.tenant].append(end_s - workflow.created_s)
                self.tally.never[workflow.tenant] += 1
        self.tally.span_s, self.tally.workers = end_s, self.limits.max_workers
        self.tally.count(self.workflows.values())


def _nothing() -> None:
    """An event for the sake of its time."""
