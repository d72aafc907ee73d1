"""The rotation bound on a real server: who keeps submitting does not keep the others out."""

from collections.abc import Callable
from uuid import UUID

from runs.states import QUEUED
from tests.dispatcher.house import House, eventually, limits
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.reading import read_history


async def _until_it_waits_for(house: House, job: str, reason: str) -> None:
    async def says_so() -> bool:
        return f"waiting:{reason}" in (await house.client.read_flow_run(UUID(job))).tags

    await eventually(says_so, f"{job} waits for {reason}")


async def _check(house: House, order: list[str]) -> None:
    """The jobs ran in this order, and no promise was broken."""
    assert [run for run in house.worker.ran if run in order] == order
    history = await read_history(str(house.client.api_url))
    assert len(history.jobs) == len(order)
    assert broken_promises(history, Rules(max_workers=1, max_users=1, rotates=True)) == []


def test_who_keeps_submitting_rotates_out_and_who_waits_gets_in(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        house.hold("a0", "b0")
        _, greedy = await house.submit("alice", {"x": "a0", "y": "a1"})
        await house.until(greedy["a0"], "Running")
        _, patient = await house.submit("bob", {"b": "b0"})
        await _until_it_waits_for(house, greedy["a1"], "USER_SLOT")  # the bound is over
        _, more = await house.submit("alice", {"x": "a2"})
        house.let_go("a0")
        await house.until(patient["b0"], "Running")
        assert await house.state(greedy["a1"]) == await house.state(more["a2"]) == QUEUED
        house.let_go("b0")
        await house.until(more["a2"], "Completed")
        await _check(house, ["a0", "b0", "a1", "a2"])

    play(script, limits(max_workers=1, max_active_users=1, rotate_after_s=0.3))


def test_without_the_bound_who_keeps_submitting_stays(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, greedy = await house.submit("alice", {"x": "a0", "y": "a1"})
        await house.until(greedy["a0"], "Running")
        _, patient = await house.submit("bob", {"b": "b0"})
        await _until_it_waits_for(house, patient["b0"], "USER_SLOT")
        await _until_it_waits_for(house, greedy["a1"], "WORKER")
        _, more = await house.submit("alice", {"x": "a2"})
        await _until_it_waits_for(house, more["a2"], "WORKER")
        house.let_go("a0")
        await house.until(patient["b0"], "Completed")
        await _check(house, ["a0", "a1", "a2", "b0"])

    play(script, limits(max_workers=1, max_active_users=1))
