"""The simulator, by its own clock, and a real server admit the same jobs in the same order."""

import asyncio
from dataclasses import dataclass, field

from prefect.states import Failed

from slideloom.scheduling.simulate import simulate
from slideloom.scheduling.state import Decision, JobState, Limits, Place, Workflow
from slideloom.scheduling.workload import Load
from tests.dispatcher.house import House, dispatching, eventually, limits, opened
from tests.helpers.history.reading import read_history

_LIMITS = Limits(max_workers=3, max_active_users=2)
_SEED = 14
_EVERY = {"branches": 2, "jobs": 2, "chained": 0.5, "fails": 0.2, "long_share": 0.2}
_LOADS = [Load(name, first_s=15.0 * at, **_EVERY) for at, name in enumerate("abcd")]


@dataclass
class Step:
    """What happened at one moment of the simulation, and what was let go then.

    Attributes:
        submitted: Workflows that came.
        ended: Jobs that ended, and how.
        admitted: Jobs that were admitted.
        running: Jobs that ran afterwards.
    """

    submitted: list[Workflow]
    ended: dict[str, JobState]
    admitted: tuple[str, ...]
    running: set[str]


@dataclass
class Recorder:
    """Sees every decision of the simulator."""

    steps: list[Step] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)
    _running: set[str] = field(default_factory=set)

    def __call__(
        self, flows: list[Workflow], places: tuple[Place, ...], now_s: float, decision: Decision
    ) -> None:
        states = {
            job.id: job.state for flow in flows for branch in flow.branches for job in branch.jobs
        }
        # A workflow that is over is not shown: how its last job ended is no matter to the others.
        now = {job: states.get(job, JobState.SUCCEEDED) for job in self._running}
        ended = {job: state for job, state in now.items() if state is not JobState.RUNNING}
        submitted = [flow for flow in flows if flow.id not in self._known]
        self._known |= {flow.id for flow in flows}
        self._running = self._running - ended.keys() | set(decision.admit)
        self.steps.append(Step(submitted, ended, decision.admit, set(self._running)))


def _simulated() -> list[Step]:
    recorder = Recorder()
    simulate(_LOADS, _LIMITS, _SEED, job_retries=0, observer=recorder)
    return recorder.steps


def test_the_simulated_day_has_something_to_compare() -> None:
    steps = _simulated()
    assert all(len(step.submitted) + len(step.ended) == 1 for step in steps)
    ends = [state for step in steps for state in step.ended.values()]
    assert ends.count(JobState.FAILED) >= 2
    assert any(flow.branches[1].needs for step in steps for flow in step.submitted)
    # Tenants wait: some who come find the house full, and are let in when others leave.
    assert sum(1 for step in steps if step.submitted and not step.admitted) >= 2


def test_a_real_server_admits_in_the_order_of_the_simulation(database_url: str) -> None:
    steps = _simulated()
    stated = limits(
        max_workers=_LIMITS.max_workers, max_active_users=_LIMITS.max_active_users, job_retries=0
    )

    async def main() -> list[str]:
        async with opened() as house, dispatching(database_url, stated):
            names: dict[str, str] = {}
            for step in steps:
                await _play(house, step, names)
            return await _admissions(house, names)

    order = asyncio.run(main())
    # Jobs that are admitted by one decision are let go at the same time, in any order.
    groups = [sorted(step.admitted) for step in steps if step.admitted]
    found = iter(order)
    assert [sorted(next(found) for _ in group) for group in groups] == groups
    assert list(found) == []


async def _play(house: House, step: Step, names: dict[str, str]) -> None:
    """Let the same happen, and wait until the same jobs run."""
    for flow in step.submitted:
        slides = {branch.name: " ".join(job.id for job in branch.jobs) for branch in flow.branches}
        house.hold(*(job.id for branch in flow.branches for job in branch.jobs))
        needs = {branch.name: list(branch.needs) for branch in flow.branches}
        _, made = await house.submit(flow.tenant, slides, needs)
        names.update({run_id: slide for slide, run_id in made.items()})
    for job, state in step.ended.items():
        if state is JobState.FAILED:
            house.ends[job] = [Failed(message="no")]
        house.let_go(job)

    async def same() -> bool:
        started = [run for run in house.worker.ran if run in house.gates]
        return {job for job in started if not house.gates[job].is_set()} == step.running

    await eventually(same, f"the server runs {sorted(step.running)}")


async def _admissions(house: House, names: dict[str, str]) -> list[str]:
    """Jobs in the order in which they left the queue, from the server's own history."""
    history = await read_history(str(house.client.api_url))
    left = {
        names[job.id]: next(state.at_s for state in job.states if state.type == "SCHEDULED")
        for job in history.jobs
        if any(state.type == "SCHEDULED" for state in job.states)
    }
    return sorted(left, key=left.__getitem__)
