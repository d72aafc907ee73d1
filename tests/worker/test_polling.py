"""A worker asks when there is something to hear, and else leaves the server in peace."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
from prefect.events import Event, RelatedResource, Resource
from prefect.workers.base import BaseWorker

from deployments.worker import polling
from deployments.worker.polling import PollTimer
from deployments.worker.worker import WarmWorker
from runs.events import COMMITTED_S, SELDOM_S

RUN = uuid4()


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(polling, "time", clock)
    return clock


def event(kind: str, pool: str = "gpu", run: UUID | str = RUN) -> Event:
    """As the server tells that a run has taken a state."""
    about = {"prefect.resource.id": f"prefect.flow-run.{run}", "prefect.state-type": kind}
    of_pool = {
        "prefect.resource.id": f"prefect.work-pool.{uuid4()}",
        "prefect.resource.name": pool,
        "prefect.resource.role": "work-pool",
    }
    resource, related = Resource(about), RelatedResource(of_pool)
    return Event(event="prefect.flow-run.X", resource=resource, related=[related])


def listening(*mine: UUID) -> PollTimer:
    """One that has asked for what was there before it listened."""
    timer = PollTimer("gpu", mine)
    timer.hears(True)
    assert timer.is_due(is_full=False)
    return timer


def test_a_run_for_this_pool_is_asked_for_at_once(clock: Clock) -> None:
    timer = listening()
    assert not timer.is_due(is_full=False)
    for other in (event("SCHEDULED", "jobs"), event("RUNNING"), event("SCHEDULED", "gpu-2")):
        timer.take(other)
    assert not timer.is_due(is_full=False)
    timer.take(event("SCHEDULED"))
    assert timer.is_due(is_full=False)
    assert not timer.is_due(is_full=False)


def test_what_is_told_before_it_can_be_read_is_asked_for_again(clock: Clock) -> None:
    timer = listening()
    timer.take(event("SCHEDULED"))
    assert timer.is_due(is_full=False)
    heard_s = clock.now_s
    for later_s in COMMITTED_S:
        clock.now_s = heard_s + later_s
        assert timer.is_due(is_full=False)
        assert not timer.is_due(is_full=False)
    clock.now_s += max(COMMITTED_S)
    assert not timer.is_due(is_full=False)


def test_what_was_not_heard_is_asked_for_in_a_while(clock: Clock) -> None:
    timer = listening()
    clock.now_s += SELDOM_S
    assert timer.is_due(is_full=False)
    assert not timer.is_due(is_full=False)


def test_the_deaf_ask_each_time(clock: Clock) -> None:
    timer = listening()
    timer.hears(False)
    assert [timer.is_due(is_full=False) for _ in range(3)] == [True] * 3


@pytest.mark.parametrize("hears", [True, False])
def test_who_can_take_nothing_asks_seldom(clock: Clock, hears: bool) -> None:
    timer = listening()
    timer.hears(hears)
    timer.take(event("SCHEDULED"))
    assert not timer.is_due(is_full=True)
    clock.now_s += SELDOM_S
    assert timer.is_due(is_full=True)
    timer.ask_again()
    assert timer.is_due(is_full=False)


def test_a_change_of_a_run_of_this_process_is_looked_at(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    timer, woken = listening(RUN), list[str]()
    monkeypatch.setattr(timer.changes, "wake", lambda: woken.append("woken"))
    timer.take(event("CANCELLING", run=uuid4()))
    assert woken == []
    timer.take(event("CANCELLING"))
    assert woken == ["woken"]


@pytest.mark.parametrize("run", ["", "x", "prefect.flow-run."])
def test_any_event_may_be_sent(clock: Clock, run: str) -> None:
    timer = listening(RUN)
    timer.take(event("CANCELLING", run=run))
    bare = Resource({"prefect.resource.id": run or "x"})
    timer.take(Event(event="prefect.flow-run.X", resource=bare))
    assert not timer.is_due(is_full=False)


def test_a_worker_whose_place_is_free_again_asks(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = []

    async def poll(self: Any) -> list[Any]:
        polls.append(self)
        return []

    async def polled(worker: WarmWorker) -> int:
        before = len(polls)
        for _ in range(3):
            await worker.get_and_submit_flow_runs()
        return len(polls) - before

    async def script() -> None:
        worker = WarmWorker("gpu", name="one", limit=1)
        worker.timer.hears(True)
        assert await polled(worker) == 3, "not before the server knows it"
        worker._has_successfully_synced = True
        assert await polled(worker) == 1
        slot = worker._limiter = anyio.CapacityLimiter(1)
        slot.acquire_on_behalf_of_nowait(RUN)
        worker.timer.take(event("SCHEDULED"))
        assert await polled(worker) == 0
        worker._release_limit_slot(RUN)
        assert await polled(worker) == 1

    monkeypatch.setattr(BaseWorker, "get_and_submit_flow_runs", poll)
    asyncio.run(script())
