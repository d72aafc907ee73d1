"""When somebody who waits for a change looks again."""

import asyncio
from typing import Any

import pytest

from runs import events
from runs.events import COMMITTED_S, SELDOM_S, Wakeup

DEAF_S = 0.5


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait would have been; none of them takes any time."""
    asked = list[float]()
    wait_for = asyncio.wait_for

    async def at_once(waiting: Any, seconds: float) -> Any:
        asked.append(seconds)
        return await wait_for(waiting, 0.001)

    monkeypatch.setattr(events.asyncio, "wait_for", at_once)
    return asked


def test_after_a_change_one_looks_again_soon_and_then_seldom(waits: list[float]) -> None:
    async def script() -> None:
        wakeup = Wakeup()
        await wakeup.wait(DEAF_S)
        wakeup.hears(True)
        for _ in range(4):
            await wakeup.wait(DEAF_S)
        wakeup.wake()
        for _ in range(4):
            await wakeup.wait(DEAF_S)
        wakeup.hears(False)
        await wakeup.wait(DEAF_S)

    asyncio.run(script())
    heard = [SELDOM_S, *COMMITTED_S, SELDOM_S]
    assert waits == [DEAF_S, *heard, *heard, DEAF_S]
