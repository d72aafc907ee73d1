"""The promises hold whatever happens, in whatever order, through crashes and changed limits."""

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from slideloom.scheduling.decide import decide
from slideloom.scheduling.followers import retry
from slideloom.scheduling.state import Branch, Job, JobState, Limits, Place, Workflow
from tests.unit.scheduling.promises import check_promises, jobs_of

PENDING, RUNNING = JobState.PENDING, JobState.RUNNING
LIMITS = st.builds(
    Limits,
    max_workers=st.integers(1, 5),
    max_active_users=st.integers(1, 3),
    rotate_after_s=st.sampled_from([None, 0.0, 5.0, 50.0]),
)
CHOICE = st.integers(0, 10**6)


class House(RuleBasedStateMachine):
    """A caller of `decide` to whom everything can happen between two decisions."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.limits = Limits()
        self.places: tuple[Place, ...] = ()
        self.workflows: dict[str, Workflow] = {}
        self.allowed_running = 0
        self.allowed_tenants = 0

    @initialize(limits=LIMITS)
    def begin(self, limits: Limits) -> None:
        self.limits = limits

    @property
    def flows(self) -> list[Workflow]:
        return list(self.workflows.values())

    def _jobs(self, *states: JobState) -> list[Job]:
        return [job for *_, job in jobs_of(self.flows) if job.state in states]

    def _pick(self, number: int, *states: JobState) -> Job | None:
        jobs = self._jobs(*states)
        return jobs[number % len(jobs)] if jobs else None

    def _put(self, job: Job | None, state: JobState, not_before_s: float | None = None) -> None:
        if job:
            changed = {job.id: replace(job, state=state, not_before_s=not_before_s)}
            self.workflows = {
                name: flow.with_jobs(changed) for name, flow in self.workflows.items()
            }

    @rule(
        tenant=st.sampled_from("abcde"),
        branches=st.lists(
            st.tuples(st.integers(1, 3), st.sets(st.integers(0, 2), max_size=2)),
            min_size=1,
            max_size=3,
        ),
        late_s=st.sampled_from([0.0, 0.0, 3.0]),
    )
    def submit(self, tenant: str, branches: list[tuple[int, set[int]]], late_s: float) -> None:
        name = f"w{len(self.workflows):03}"
        made = tuple(
            Branch(
                str(index),
                tuple(Job(f"{name}.{index}.{place}") for place in range(jobs)),
                tuple(str(need) for need in sorted(needs) if need < index),
            )
            for index, (jobs, needs) in enumerate(branches)
        )
        self.workflows[name] = Workflow(name, tenant, self.now_s - late_s, made)

    @rule(number=CHOICE)
    def succeed(self, number: int) -> None:
        self._put(self._pick(number, RUNNING), JobState.SUCCEEDED)

    @rule(number=CHOICE)
    def fail(self, number: int) -> None:
        self._put(self._pick(number, RUNNING), JobState.FAILED)

    @rule(number=CHOICE, pause_s=st.sampled_from([0.0, 7.0]))
    def crash_and_requeue(self, number: int, pause_s: float) -> None:
        self._put(self._pick(number, RUNNING), PENDING, self.now_s + pause_s)

    @rule(number=CHOICE)
    def cancel(self, number: int) -> None:
        self._put(self._pick(number, RUNNING, PENDING), JobState.CANCELLED)

    @rule(number=CHOICE)
    def retry(self, number: int) -> None:
        job = self._pick(number, JobState.FAILED)
        if job:
            flow = next(flow for flow, _, _, other in jobs_of(self.flows) if other is job)
            self.workflows[flow.id] = flow.with_jobs(retry(flow, job.id, self.now_s))

    @rule(step_s=st.sampled_from([0.5, 4.0, 60.0]))
    def time_passes(self, step_s: float) -> None:
        self.now_s += step_s

    @rule(limits=LIMITS)
    def limits_change(self, limits: Limits) -> None:
        self.limits = limits

    @precondition(lambda self: self.places)
    @rule(number=CHOICE)
    def a_place_is_lost(self, number: int) -> None:
        index = number % len(self.places)
        self.places = self.places[:index] + self.places[index + 1 :]

    @rule(number=CHOICE)
    def somebody_gets_past_us(self, number: int) -> None:
        """A job runs that nobody admitted."""
        self._put(self._pick(number, PENDING), RUNNING)

    @rule(stop=st.sampled_from([0, 1, 2, None]))
    def dispatch(self, stop: int | None) -> None:
        """Decide and carry it out, or be killed after the first few acts."""
        flows, before = self.flows, self.places
        decision = decide(flows, before, self.limits, self.now_s)
        check_promises(flows, before, self.limits, self.now_s, decision)
        assert decision == decide(flows[::-1], before, self.limits, self.now_s)
        self.places = decision.places
        acts = [(job, JobState.SKIPPED) for job in decision.skip]
        acts += [(job, RUNNING) for job in decision.admit]
        by_id = {job.id: job for *_, job in jobs_of(flows)}
        for job_id, state in acts[:stop]:
            self._put(by_id[job_id], state, by_id[job_id].not_before_s)
        if stop is None:
            self._ask_again()

    def _ask_again(self) -> None:
        again = decide(self.flows, self.places, self.limits, self.now_s)
        assert (again.admit, again.skip) == ((), ())

    @invariant()
    def every_state_can_be_decided(self) -> None:
        decision = decide(self.flows, self.places, self.limits, self.now_s)
        check_promises(self.flows, self.places, self.limits, self.now_s, decision)
        assert decision.wake_s is None or decision.wake_s > self.now_s

    def teardown(self) -> None:
        """From wherever we are, everything ends if jobs end: nobody waits for ever."""
        rounds = 4 * len(list(jobs_of(self.flows))) + 4
        for _ in range(rounds):
            self.dispatch(stop=None)
            if not self._jobs(PENDING, RUNNING):
                return
            self.now_s += 10.0
            for job in self._jobs(RUNNING):
                self._put(job, JobState.SUCCEEDED)
        raise AssertionError(f"after {rounds} rounds jobs still wait")


TestPromises: Any = House.TestCase
TestPromises.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
