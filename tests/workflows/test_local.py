"""The scheduler of one process: the promises at each decision, whatever its jobs do."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from runs.reading import Patience
from slideloom.errors import SlideUnreadable
from slideloom.scheduling.state import (
    Branch,
    Decision,
    Job,
    JobState,
    Limits,
    Place,
    Reason,
    Workflow,
)
from tasks.local import Act, LocalScheduler, LocalWorkflow
from tests.unit.scheduling.houses import letters, workflow
from tests.unit.scheduling.promises import check_promises

LIMITS = Limits(max_workers=3, max_active_users=2)


class Broken(Exception):
    """What a retry may help."""


class Watched(LocalScheduler):
    """Checks the promises at each decision, and counts what runs at the same time."""

    def __init__(self, limits: Limits = LIMITS, retries: int = 0, delay_s: float = 0.0) -> None:
        self.limits = limits
        self.broken: list[BaseException] = []
        self.decisions = 0
        super().__init__(lambda: limits, lambda: Patience(retries, delay_s), observer=self._look)

    def _look(
        self, flows: list[Workflow], places: tuple[Place, ...], now_s: float, said: Decision
    ) -> None:
        self.decisions += 1
        try:
            check_promises(flows, places, self.limits, now_s, said)
        except AssertionError as error:
            self.broken.append(error)


class Work:
    """Fake jobs: each runs for some turns of the loop, then ends as planned."""

    def __init__(self, plan: dict[str, Sequence[BaseException | None]], turns: int = 3) -> None:
        self.plan = {job: list(ends) for job, ends in plan.items()}
        self.turns = turns
        self.ran: list[str] = []
        self.now = set[str]()
        self.most = 0

    async def act(self, job: str) -> None:
        self.ran.append(job)
        self.now.add(job)
        self.most = max(self.most, len(self.now))
        try:
            for _ in range(self.turns):
                await asyncio.sleep(0)
        finally:
            self.now.discard(job)
        ends = self.plan.get(job)
        end = ends.pop(0) if ends else None
        if end is not None:
            raise end


def carried(scheduler: LocalScheduler, flow: Workflow, act: Act) -> LocalWorkflow:
    return asyncio.run(scheduler.carry_out(flow, act))


def test_branches_run_side_by_side_and_jobs_of_one_in_order() -> None:
    scheduler, work = Watched(), Work({})
    local = carried(scheduler, workflow("a", 0.0, one="ppp", two="pp", three="p one two"), work.act)
    assert letters(local.workflow) == {"one": "sss", "two": "ss", "three": "s"}
    assert work.most == 2
    assert [job for job in work.ran if ".one" in job] == ["a.one0", "a.one1", "a.one2"]
    assert work.ran[-1] == "a.three0"
    assert scheduler.broken == []


def test_a_failure_stays_in_its_branch_and_what_needs_it() -> None:
    scheduler, work = Watched(), Work({"a.one0": [Broken("no")]})
    local = carried(scheduler, workflow("a", 0.0, one="pp", two="pp", three="p one"), work.act)
    assert letters(local.workflow) == {"one": "fk", "two": "ss", "three": "k"}
    assert {job: str(error) for job, error in local.errors.items()} == {"a.one0": "no"}


def test_what_breaks_is_tried_again_and_bad_input_is_not() -> None:
    scheduler = Watched(retries=1)
    bad = SlideUnreadable("a.svs")
    work = Work({"a.one0": [Broken(), None], "a.two0": [bad], "a.three0": [Broken(), Broken()]})
    local = carried(scheduler, workflow("a", 0.0, one="p", two="p", three="p"), work.act)
    assert letters(local.workflow) == {"one": "s", "two": "f", "three": "f"}
    assert Counter(work.ran) == {"a.one0": 2, "a.two0": 1, "a.three0": 2}
    assert local.attempts("a.one0") == 2


def test_between_two_tries_there_is_a_pause_that_holds_the_branch() -> None:
    seen: list[tuple[float, float | None]] = []

    class Slow(Watched):
        def _look(
            self, flows: list[Workflow], places: tuple[Place, ...], now_s: float, said: Decision
        ) -> None:
            super()._look(flows, places, now_s, said)
            seen.extend(
                (now_s, job.not_before_s)
                for flow in flows
                for branch in flow.branches
                for job in branch.jobs
                if job.not_before_s is not None and job.id in said.admit
            )

    scheduler = Slow(retries=2, delay_s=0.01)
    work = Work({"a.one0": [Broken(), Broken()]})
    local = carried(scheduler, workflow("a", 0.0, one="pp"), work.act)
    assert letters(local.workflow) == {"one": "ss"}
    assert len(seen) == 2
    assert all(not_before is not None and now >= not_before for now, not_before in seen)


def test_a_job_that_cancels_itself_is_cancelled_and_the_rest_goes_on() -> None:
    scheduler, work = Watched(), Work({"a.one0": [asyncio.CancelledError()]})
    local = carried(scheduler, workflow("a", 0.0, one="pp", two="p"), work.act)
    assert letters(local.workflow) == {"one": "ck", "two": "s"}


def test_cancelled_it_stops_its_jobs_and_leaves_the_house_to_others() -> None:
    scheduler = Watched(Limits(max_workers=1, max_active_users=1))
    stopped: list[str] = []

    async def forever(job: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            stopped.append(job)

    async def act() -> LocalWorkflow:
        first = asyncio.create_task(scheduler.carry_out(workflow("a", 0.0, one="pp"), forever))
        second = asyncio.create_task(scheduler.carry_out(workflow("b", 1.0, one="p"), Work({}).act))
        while scheduler.waiting().get("b.one0") is not Reason.USER_SLOT:
            await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert stopped == ["a.one0"]
        return await second

    assert letters(asyncio.run(act()).workflow) == {"one": "s"}
    assert scheduler.waiting() == {}
    assert scheduler.broken == []


def made(random: Random, name: str) -> tuple[Workflow, dict[str, Sequence[BaseException | None]]]:
    """A workflow with needs, and how each of its jobs ends."""
    plan: dict[str, Sequence[BaseException | None]] = {}
    branches = []
    for number in range(random.randint(1, 4)):
        jobs = tuple(Job(f"{name}/{number}/{index}") for index in range(random.randint(1, 3)))
        needs = (str(number - 1),) if number and random.random() < 0.3 else ()
        branches.append(Branch(str(number), jobs, needs))
        for job in jobs:
            ends = [None, None, None, Broken(), SlideUnreadable("x")]
            plan[job.id] = random.choices(ends, k=3)
    tenant = random.choice("abcd")
    return Workflow(name, tenant, random.random(), tuple(branches)), plan


@pytest.mark.parametrize("seed", range(6))
def test_many_workflows_on_several_threads_share_one_house(seed: int) -> None:
    random = Random(seed)
    scheduler = Watched(retries=1)
    ended: list[LocalWorkflow] = []
    running, most = Counter[str](), [0]
    lock = threading.Lock()

    def counting(act: Act) -> Act:
        async def counted(job: str) -> None:
            with lock:
                running[job] += 1
                most[0] = max(most[0], running.total())
            try:
                await act(job)
            finally:
                with lock:
                    running[job] -= 1

        return counted

    async def some(flows: list[tuple[Workflow, dict[str, Sequence[BaseException | None]]]]) -> None:
        works = [(flow, Work(plan, turns=random.randint(0, 5))) for flow, plan in flows]
        stays = (scheduler.carry_out(flow, counting(work.act)) for flow, work in works)
        ended.extend(await asyncio.gather(*stays))

    parts = [[made(random, f"w{part}-{n}") for n in range(4)] for part in range(3)]
    threads = [threading.Thread(target=lambda part=part: asyncio.run(some(part))) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 12
    assert scheduler.broken == []
    assert scheduler.decisions > 12
    assert most[0] <= LIMITS.max_workers
    over = {JobState.PENDING, JobState.RUNNING}
    assert all(
        job.state not in over for local in ended for b in local.workflow.branches for job in b.jobs
    )
