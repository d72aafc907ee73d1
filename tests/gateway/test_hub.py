"""Whatever happens in whatever order, watchers end up knowing the truth, and miss no state."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.live import hub as hubs
from gateway.live.closing import Closing
from gateway.live.hub import Hub, Pace
from gateway.live.steps import Step
from gateway.live.topic import Reading
from gateway.live.watcher import Closed
from runs.ending import end
from runs.views import RunUnknown
from slideloom.scheduling.state import Reason
from tests.gateway.world import KINDS, QUICK, Reader, World

PATIENCE_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.001)


def play(script: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(script())


_WHERE = st.tuples(st.sampled_from(["w0", "w1"]), st.integers(0, 1))
_ACTS = st.one_of(
    st.tuples(
        st.just("state"),
        _WHERE,
        st.sampled_from(sorted(KINDS)),
        st.sampled_from(["now", "late", "never", "twice"]),
    ),
    st.tuples(st.just("progress"), _WHERE, st.booleans()),
    st.tuples(st.just("reason"), _WHERE, st.sampled_from([None, *Reason])),
    st.tuples(st.just("add"), st.sampled_from(["w0", "w1"]), st.booleans()),
    st.tuples(st.just("turns"), st.integers(1, 20)),
    st.tuples(st.just("slow"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("late")),
    st.tuples(st.just("miss")),
)


class Play:
    """Acts upon a world that is watched."""

    def __init__(self, world: World, hub: Hub, readers: list[Reader]) -> None:
        self.world, self.hub, self.readers = world, hub, readers
        self._delayed: list[tuple[str, str, Step]] = []

    async def act(self, act: tuple[Any, ...]) -> None:
        await getattr(self, f"_{act[0]}")(*act[1:])

    async def _state(self, where: tuple[str, int], kind: str, arrives: str) -> None:
        workflow, number = where
        step = self.world.step(workflow, number, kind)
        event = (workflow, self.world.jobs[workflow][number].id, step)
        if arrives == "late":
            self._delayed.append(event)
        for _ in range({"now": 1, "twice": 2}.get(arrives, 0)):
            self.hub.hear(*event)

    async def _progress(self, where: tuple[str, int], is_heard: bool) -> None:
        job = self.world.jobs[where[0]][where[1]]
        job.done += 1
        if is_heard:
            self.hub.hear(where[0], job.id)

    async def _reason(self, where: tuple[str, int], reason: Reason | None) -> None:
        self.world.jobs[where[0]][where[1]].reason = reason

    async def _add(self, workflow: str, is_heard: bool) -> None:
        step = self.world.add(workflow)
        if is_heard:
            self.hub.hear(workflow, self.world.jobs[workflow][-1].id, step)

    async def _turns(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def _slow(self, reader: int, reads: bool) -> None:
        may = self.readers[reader].may_read
        may.set() if reads else may.clear()

    async def _late(self) -> None:
        while self._delayed:
            self.hub.hear(*self._delayed.pop())

    async def _miss(self) -> None:
        self.hub.miss()


@settings(max_examples=60, deadline=None)
@given(st.lists(_ACTS, max_size=25), st.integers(0, 4))
def test_everybody_ends_with_the_truth(acts: list[tuple[Any, ...]], lag: int) -> None:
    async def script() -> None:
        world = World(workflows=2, lag=lag)
        hub = Hub(world, QUICK)
        readers = [
            Reader(hub, world, "w0"),
            Reader(hub, world, "w0", room=1),
            Reader(hub, world, "w1", room=2),
            Reader(hub, world, "w0", job="w0j1"),
        ]
        tasks = [asyncio.create_task(reader.run()) for reader in readers]
        await until(lambda: all(reader.types for reader in readers))
        stage = Play(world, hub, readers)
        for act in acts:
            await stage.act(act)
            assert not any(task.done() for task in tasks)
        for reader in readers:
            reader.may_read.set()
        await until(
            lambda: (
                any(task.done() for task in tasks)
                or all(reader.knows_the_truth() for reader in readers)
            )
        )
        assert not any(task.done() for task in tasks)
        assert all(reader.missed_nothing() for reader in readers)
        await end(*tasks)
        reads = world.reads
        hub.hear("w0", "w0j0")
        await asyncio.sleep(0)
        assert world.reads == reads  # nobody watches: nothing is read

    play(script)


def test_a_hundred_watchers_cost_as_much_as_one() -> None:
    async def script() -> None:
        reads = {}
        for count in (1, 100):
            world = World()
            hub = Hub(world, Pace(interval_s=0.0, recheck_s=60.0))
            readers = [Reader(hub, world, "w0") for _ in range(count)]
            tasks = [asyncio.create_task(reader.run()) for reader in readers]
            await until(lambda: all(reader.knows_the_truth() for reader in readers))  # noqa: B023
            for kind in ("RUNNING", "COMPLETED"):
                hub.hear("w0", "w0j0", world.step("w0", 0, kind))
                await until(lambda: all(reader.knows_the_truth() for reader in readers))  # noqa: B023
            reads[count] = world.reads
            assert world.histories == 0
            assert all(reader.steps["w0j0"] == [0, 1, 2] for reader in readers)
            await end(*tasks)
        assert reads[1] == reads[100] == 3

    play(script)


def test_states_of_which_nothing_was_heard_are_found_in_the_history() -> None:
    async def script() -> None:
        world = World()
        hub = Hub(world, Pace(interval_s=0.0, recheck_s=60.0))
        reader = Reader(hub, world, "w0")
        task = asyncio.create_task(reader.run())
        await until(lambda: bool(reader.types))
        unheard, _, last = (world.step("w0", 0, kind) for kind in ("RUNNING", "PAUSED", "RUNNING"))
        hub.hear("w0", "w0j0", last)
        await until(reader.knows_the_truth)
        assert (reader.steps["w0j0"], world.histories) == ([0, 1, 2, 3], 1)
        hub.hear("w0", "w0j0", unheard)  # too late: it is told already
        world.step("w0", 1, "RUNNING")
        hub.miss()
        await until(reader.knows_the_truth)
        assert (reader.steps["w0j0"], reader.steps["w0j1"]) == ([0, 1, 2, 3], [0, 1])
        await end(task)

    play(script)


def test_the_end_is_told_to_those_whom_it_concerns() -> None:
    async def script() -> None:
        world = World()
        hub = Hub(world, QUICK)
        readers = [Reader(hub, world, "w0", job=job) for job in (None, "w0j0", "w0j1")]
        tasks = [asyncio.create_task(reader.run()) for reader in readers]
        await until(lambda: all(reader.types for reader in readers))
        hub.hear("w0", "w0j0", world.step("w0", 0, "COMPLETED"))
        await until(lambda: readers[1].types == ["snapshot", "state", "ended"])
        await until(lambda: readers[0].types == ["snapshot", "state", "workflow"])
        assert readers[2].types == ["snapshot"]
        await end(*tasks)

    play(script)


def test_what_is_deleted_is_told_and_closed() -> None:
    async def script() -> None:
        world = World()
        hub = Hub(world, QUICK)
        readers = [Reader(hub, world, "w0"), Reader(hub, world, "w0", job="w0j0")]
        tasks = [asyncio.create_task(reader.run()) for reader in readers]
        await until(lambda: all(reader.types for reader in readers))
        del world.jobs["w0"]
        for task in tasks:
            with pytest.raises(Closed) as closed:
                await task
            assert closed.value.closing is Closing.GONE
        assert all(reader.types == ["snapshot", "removed"] for reader in readers)
        with pytest.raises(RunUnknown):
            await Reader(hub, world, "w0").run()

    play(script)


def test_a_read_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "_PAUSE_S", 0.0)

    async def script() -> None:
        world, left = World(), 3
        read = world.read

        async def fails(workflow: str) -> Reading:
            nonlocal left
            left -= 1
            if left >= 0:
                raise OSError("the server is away")
            return await read(workflow)

        hub = Hub(world, QUICK)
        reader = Reader(hub, world, "w0")
        task = asyncio.create_task(reader.run())
        await until(lambda: bool(reader.types))
        world.read = fails  # type: ignore[method-assign]
        hub.hear("w0", "w0j1", world.step("w0", 1, "RUNNING"))
        await until(lambda: reader.steps["w0j1"] == [0, 1])
        await end(task)

    play(script)


def test_an_event_of_a_state_that_never_was_does_not_keep_the_hub_busy() -> None:
    async def script() -> None:
        world = World()
        hub = Hub(world, Pace(interval_s=0.0, recheck_s=60.0))
        reader = Reader(hub, world, "w0")
        task = asyncio.create_task(reader.run())
        await until(lambda: bool(reader.types))
        made_up = World().step("w0", 0, "COMPLETED")
        hub.hear("w0", "w0j0", made_up)
        await until(lambda: world.reads > 1)
        hub.hear("w0", "w0j1", world.step("w0", 1, "RUNNING"))
        await until(reader.knows_the_truth)
        reads = world.reads
        hub.hear("w0", "w0j1", world.step("w0", 1, "COMPLETED"))
        await until(reader.knows_the_truth)
        assert world.reads < reads + 10
        assert reader.steps["w0j0"] == [0]
        await end(task)

    play(script)
