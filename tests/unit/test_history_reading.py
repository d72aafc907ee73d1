"""What is read of a server that changes meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Completed, Paused, Pending, Running, Scheduled

from runs import labels
from tests.helpers.history.reading import NotSlideloom, read_runs, read_states
from tests.helpers.history.records import History
from tests.helpers.history.translating import RunRead, translated

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def at(second: float, state: State[Any]) -> State[Any]:
    return state.model_copy(update={"timestamp": NOON + timedelta(seconds=second), "id": uuid4()})


def a_job() -> tuple[State[Any], ...]:
    kinds = (Paused(name="Queued"), Scheduled(name="Resuming"), Pending(), Running(), Completed())
    return tuple(at(second, state) for second, state in enumerate(kinds))


def run_of(states: Sequence[State[Any]], current: State[Any]) -> FlowRun:
    written = {
        labels.TENANT: "t",
        labels.WORKFLOW: "w",
        labels.BRANCH: 0,
        labels.INDEX: 0,
        labels.JOBS: 1,
        labels.ATTEMPT: 1,
        labels.ADMITTED: str(states[0].id),
    }
    return FlowRun(flow_id=uuid4(), labels=written, state=current)


def history_until(second: float) -> History:
    states = a_job()
    until_s = (NOON + timedelta(seconds=second)).timestamp()
    return translated([RunRead(run_of(states, states[-1]), states, until_s)], set())


def test_what_came_later_is_cut_off_and_labels_with_it() -> None:
    (whole,) = history_until(60).jobs
    assert (len(whole.states), whole.attempt) == (5, 1)
    (cut,) = history_until(2.5).jobs
    assert [state.type for state in cut.states] == ["PAUSED", "SCHEDULED", "PENDING"]
    assert (cut.attempt, cut.admitted) == (None, "")
    assert history_until(-1) == History()


def test_an_inversion_is_counted() -> None:
    states = a_job()
    read = RunRead(run_of(states, states[1]), states, float("inf"))
    history = translated([read], set())
    assert history.inversions == 1
    assert history.jobs[0].states[-1].name == "Resuming"


class Pages:
    """A server with runs that come and go between two requests."""

    def __init__(self, number: int, between: Callable[["Pages"], None]) -> None:
        self.runs = [FlowRun(flow_id=uuid4()) for _ in range(number)]
        self.between = between

    async def read_flow_runs(self, limit: int, offset: int, **_: object) -> list[FlowRun]:
        page = self.runs[offset : offset + limit]
        self.between(self)
        return page


def ids_read(server: Pages) -> set[UUID]:
    found = asyncio.run(read_runs(server, [uuid4()], page=4))  # type: ignore[arg-type]
    assert len({run.id for run in found}) == len(found)
    return {run.id for run in found}


def test_runs_that_come_hide_no_other() -> None:
    server = Pages(20, lambda pages: pages.runs.insert(0, FlowRun(flow_id=uuid4())))
    there = {run.id for run in server.runs}
    assert ids_read(server) >= there


def test_runs_that_go_hide_no_other() -> None:
    """Three are deleted, one after each request; what is left then is read whole."""

    def delete(pages: Pages) -> None:
        if len(pages.runs) > 17:
            del pages.runs[0]

    server = Pages(20, delete)
    assert ids_read(server) == {run.id for run in server.runs}


def test_runs_that_go_for_ever_are_an_error() -> None:
    def replace(pages: Pages) -> None:
        pages.runs = [FlowRun(flow_id=uuid4()) for _ in pages.runs]

    with pytest.raises(NotSlideloom, match="deleted while they are read"):
        ids_read(Pages(20, replace))


class Changing:
    """A server on which a run takes its last state after its states were first read."""

    def __init__(self, states: Sequence[State[Any]], seen: int) -> None:
        self.states, self.seen, self.requests = states, seen, 0

    async def request(self, *_: object, **__: object) -> httpx.Response:
        self.requests += 1
        seen = self.states[: self.seen]
        self.seen = len(self.states)
        return httpx.Response(200, json=[state.model_dump(mode="json") for state in seen])

    async def read_flow_run(self, _: UUID) -> FlowRun:
        return run_of(self.states, self.states[-1])


@pytest.mark.parametrize("paged", [0, 3, 4])
def test_a_run_that_changes_is_read_again(paged: int) -> None:
    """The run, its labels and its states are of one moment."""
    states = a_job()
    server = Changing(states, 4)
    client: PrefectClient = server  # type: ignore[assignment]
    read = asyncio.run(read_states(client, run_of(states, states[paged]), float("inf")))
    assert read.run.state is not None
    assert read.run.state.id == read.states[-1].id
    assert read.states[-1].type is (StateType.RUNNING if paged == 3 else StateType.COMPLETED)


def test_a_run_that_is_gone_has_no_states() -> None:
    states = a_job()
    client: PrefectClient = Changing((), 0)  # type: ignore[assignment]
    read = asyncio.run(read_states(client, run_of(states, states[0]), float("inf")))
    assert read.states == ()
