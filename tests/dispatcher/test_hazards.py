"""What anybody with access to Prefect can do wrong, and what may be deleted: the rest goes on."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events import Event, Resource

from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.events import EventFeed
from deployments.dispatcher.sweep import Sweep
from runs import labels
from runs.names import PLACES, RUN_WORKFLOW, TISSUE_JOB
from runs.reading import Patience, shape_of
from runs.reaper import Bounds
from runs.states import NOT_ADMITTED, awaiting, queued
from tests.dispatcher.house import House, dispatching, eventually, limits, opened
from tests.unit.test_runs_reading import run as made_run

_NO_SPECS: list[Any] = [
    None,
    "no spec",
    {"tenant": "t", "branches": []},
    {"tenant": "t", "branches": {}},
    {"tenant": "t", "branches": [{"name": "a", "jobs": []}]},
    {"tenant": "t", "branches": [{"name": "a", "needs": 5, "jobs": [{}]}]},
    {"tenant": "t", "branches": [{"name": ["a"], "jobs": [{}]}]},
]


@pytest.mark.parametrize("spec", _NO_SPECS, ids=str)
def test_what_is_no_spec_has_no_shape(spec: Any) -> None:
    assert shape_of(spec) is None


def test_malformed_specs_and_labels_stop_nobody_else(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        create = house.client.create_flow_run_from_deployment
        for spec in _NO_SPECS:
            await create(house.ids[RUN_WORKFLOW], parameters={"spec": spec}, state=awaiting("x"))
        broken: list[dict[str, Any]] = [
            {labels.WORKFLOW: "x"},
            {labels.WORKFLOW: str(uuid4()), labels.TENANT: "t", labels.BRANCH: "two"},
        ]
        runs = [await create(house.ids[TISSUE_JOB], labels=each) for each in broken]
        for each in broken:
            await create(house.ids[TISSUE_JOB], labels=each, state=queued())
        workflow, _ = await house.submit("alice", {"a": "a0 a1"})
        await house.until(workflow, "Completed")
        for each in runs:
            await house.until(str(each.id), NOT_ADMITTED)

    play(script)


def test_a_second_run_in_a_jobs_place_does_not_replace_it(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        workflow, jobs = await house.submit("alice", {"a": "a0"})
        real = await house.until(jobs["a0"], "Running")
        forged = await house.client.create_flow_run_from_deployment(
            house.ids[TISSUE_JOB], state=queued(), labels=dict(real.labels), tags=real.tags
        )
        _, others = await house.submit("alice", {"b": "b0"})
        house.let_go("a0")
        await house.until(others["b0"], "Completed")
        await house.until(workflow, "Completed")
        assert await house.state(str(forged.id)) == "Queued"

    play(script, limits(max_workers=1))


def test_places_that_were_deleted_are_written_anew(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, first = await house.submit("alice", {"a": "a0"})
        await house.until(first["a0"], "Running")
        await house.client.delete_variable_by_name(PLACES)
        _, second = await house.submit("bob", {"b": "b0"})
        await house.until(second["b0"], "Completed")
        house.let_go("a0")

    play(script)


def test_deleting_a_workflow_cancels_its_jobs_and_stops_nobody_else(
    play: Callable[..., None],
) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        workflow, jobs = await house.submit("alice", {"a": "a0 a1"})
        await house.until(jobs["a0"], "Running")
        await house.client.delete_flow_run(UUID(workflow))
        _, others = await house.submit("bob", {"b": "b0"})
        await house.until(others["b0"], "Completed")
        await house.until(jobs["a1"], "Cancelled")
        house.let_go("a0")

    play(script)


def test_events_that_anybody_sends_are_taken_for_what_they_are() -> None:
    feed = EventFeed()
    resource = Resource({"prefect.resource.id": "prefect.flow-run.no-run"})
    feed.take_note(Event(event="prefect.flow-run.Completed", resource=resource))
    assert feed.take() == set()


@pytest.mark.parametrize(("since_s", "ended"), [(math.inf, False), (0.0, True)])
def test_no_run_is_silent_while_nobody_can_hear_it(since_s: float, ended: bool) -> None:
    async def main() -> None:
        async with get_client() as client:
            cache = RunCache(Patience())
            cache.put_job(made_run(StateType.RUNNING))
            feed = EventFeed()
            feed.since_s = since_s
            watch = Sweep(client, cache, feed, Bounds(0.0, 0.0, 0.0))
            with mock.patch.object(watch, "_end", mock.AsyncMock()) as end:
                await watch.sweep()
                await watch.sweep()
            assert end.called is ended

    asyncio.run(main())


def test_a_place_held_by_nobody_is_given_away(database_url: str) -> None:
    async def main() -> None:
        async with opened() as house:
            await house.client.request(
                "POST",
                "/variables/",
                json={"name": PLACES, "value": [f"ghost {time.time()} SERVED", "no place", 7]},
            )
            async with dispatching(database_url, limits(max_active_users=1)):
                workflow, _ = await house.submit("alice", {"a": "a0"})
                await house.until(workflow, "Completed")

            async def gone() -> bool:
                variable = await house.client.read_variable_by_name(PLACES)
                return variable is not None and "ghost" not in str(variable.value)

            await eventually(gone, "the ghost's place is gone")

    asyncio.run(main())
