"""Work for viewers: done once for all who want it, bounded, and nobody's in anothers' way."""

import asyncio
import threading

import pytest

from gateway.once import Once
from gateway.problems import Problem
from gateway.viewer.desk import Desk


def test_all_who_come_meanwhile_get_one_outcome() -> None:
    async def act() -> None:
        once, gate, begun = Once[str, int](), asyncio.Event(), list[str]()

        async def make() -> int:
            begun.append("a")
            await gate.wait()
            return len(begun)

        waiting = [asyncio.create_task(once.get("a", make)) for _ in range(5)]
        while not begun:
            await asyncio.sleep(0)
        waiting[0].cancel()  # who began it may go away
        gate.set()
        assert await asyncio.gather(*waiting[1:]) == [1, 1, 1, 1]
        assert await once.get("a", make) == 2

    asyncio.run(act())


def test_an_error_is_everybodys_and_not_kept() -> None:
    async def act() -> None:
        once, tries = Once[str, int](), list[int]()

        async def make() -> int:
            tries.append(1)
            if len(tries) == 1:
                raise KeyError("a")
            return 7

        both = await asyncio.gather(*(once.get("a", make) for _ in "ab"), return_exceptions=True)
        assert [type(each) for each in both] == [KeyError, KeyError]
        assert await once.get("a", make) == 7

    asyncio.run(act())


def test_one_tenants_work_leaves_room_for_others_and_ends() -> None:
    async def act() -> None:
        desk, gate, begun = Desk(threads=4, waiting=3), threading.Event(), list[int]()

        def hang() -> None:
            begun.append(1)
            gate.wait()

        hanging = [asyncio.create_task(desk.do("alice", hang)) for _ in range(5)]
        while len(begun) < 2:
            await asyncio.sleep(0)
        assert await desk.do("bob", lambda: 7) == 7
        with pytest.raises(Problem) as refused:
            await desk.do("alice", hang)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "1")
        assert len(begun) == 2
        gate.set()
        await asyncio.gather(*hanging)
        assert len(begun) == 5
        assert await desk.do("alice", lambda: 8) == 8

    asyncio.run(act())
