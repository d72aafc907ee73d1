"""Real dispatcher and real workers at moments that a test holds: a slow boot, and a full house.

What is asserted is read from the server's own state history; see `tests.helpers.history`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import AwaitingRetry

from runs.admission import BY_HAND
from runs.admission import read_history as states_of
from runs.names import SEGMENT_JOB, TISSUE_JOB
from runs.states import AWAITING, NOT_ADMITTED, QUEUED
from tests.chaos.city import City, city, damage
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.reading import read_history
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("chaos"), *LEAVES_SOCKETS]
MOST = 2
"""Jobs that may run."""
_Answer = TypeVar("_Answer")


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("hall")
    held = folder / "held"
    held.mkdir()
    stated = {"SLIDELOOM_MAX_WORKERS": str(MOST), "SLIDELOOM_PENDING_LIMIT_S": "5"}
    with city(folder, ("dispatcher", "control"), HELD_IN=str(held), **stated) as built:
        built.add_tenants(["alice", "bob", "carol", "dave"])
        yield built


@contextmanager
def _at_work(hall: City, *names: str) -> Iterator[None]:
    try:
        for name in names:
            hall.start(name)
        yield
    finally:
        for name in names:
            if name in hall.crew:
                hall.kill(name)


def _hold(hall: City, what: str) -> Path:
    held = hall.folder / "held" / what
    held.touch()
    return held


def _ask(question: Callable[[PrefectClient], Awaitable[_Answer]]) -> _Answer:
    async def asked() -> _Answer:
        async with get_client() as client:
            return await question(client)

    return asyncio.run(asked())


def _submitted(hall: City, tenant: str, branches: int = 1) -> tuple[str, list[str]]:
    """A workflow of branches of one job each, once it has been accepted; its jobs' ids."""
    spec = hall.spec(tenant, branches, jobs=1)
    for branch in spec["branches"]:
        branch["needs"] = []
    workflow = hall.submit(spec)
    _until(hall, workflow, AWAITING)
    return workflow, [str(job.id) for job in hall.jobs(workflow)]


def _until(hall: City, run_id: str, *names: str) -> FlowRun:
    wait_until(lambda: hall.state(run_id) in names)
    return hall.run(run_id)


def _states(run_id: str) -> list[State[Any]]:
    return _ask(lambda client: states_of(client, run_id))


def _count(run_id: str, name: str) -> int:
    return sum(state.name == name for state in _states(run_id))


def _executions(run_id: str) -> int:
    """How often the job's first step was begun, on whatever worker."""
    wanted = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[UUID(run_id)]))
    tasks = _ask(lambda client: client.read_task_runs(task_run_filter=wanted))
    return sum(task.name.startswith("find_tissue") for task in tasks)


def _check(hall: City) -> None:
    history = asyncio.run(read_history(hall.stack.api_url))
    rules = Rules(max_workers=MOST, final=True, results=True)
    assert broken_promises(history, rules) == [], hall.logs()


def test_a_job_that_is_put_back_while_it_boots_runs_once(hall: City) -> None:
    boot = _hold(hall, "held-1.boot")
    slide = _hold(hall, "alice-0-0.png")
    with _at_work(hall, "held-1"):
        workflow, (job,) = _submitted(hall, "alice")
        # Taken, not started in time, put back, and admitted again; this worker is still busy.
        wait_until(lambda: _count(job, QUEUED) >= 2)
        with _at_work(hall, "held-2"):
            assert _until(hall, job, "Running").labels["prefect.worker.name"] == "held-2"
            boot.unlink()
            # The late one is through when its worker, with room for one, does another job.
            other, (proof,) = _submitted(hall, "bob")
            done = _until(hall, proof, "Completed")
            assert done.labels["prefect.worker.name"] == "held-1"
            slide.unlink()
            _until(hall, job, "Completed")
            _until(hall, workflow, "Completed")
            _until(hall, other, "Completed")
    assert (_count(job, "Running"), _executions(job)) == (1, 1)
    _check(hall)


def test_nobody_gets_into_a_full_house_by_hand(hall: City) -> None:
    with _at_work(hall, "held-wide"):  # it has room for more than the house
        broken, failed = _failed_job(hall)
        held = [_hold(hall, f"dave-{number}-0.png") for number in range(MOST)]
        filling, inside = _submitted(hall, "dave", branches=MOST)
        for job in inside:
            _until(hall, job, "Running")
        waiting, (queued,) = _submitted(hall, "carol")

        _ask(lambda client: client.resume_flow_run(UUID(queued)))
        retry = AwaitingRetry(message="Retry from the UI")
        _ask(lambda client: client.set_flow_run_state(UUID(failed), retry, force=True))
        strangers = [_run_by_hand(deployment) for deployment in (SEGMENT_JOB, TISSUE_JOB)]

        for job in (queued, failed):
            wait_until(lambda job=job: _said_last(hall, job) == (QUEUED, BY_HAND))
        for stranger in strangers:
            state = _until(hall, stranger, NOT_ADMITTED).state
            assert state is not None
            assert "slideloom submit" in (state.message or "")
        _until(hall, broken, AWAITING)
        assert [hall.state(job) for job in inside] == ["Running"] * MOST
        for file in held:
            file.unlink()
        for workflow in (filling, waiting, broken):
            _until(hall, workflow, "Completed")
    assert (_executions(queued), _executions(failed)) == (1, 2)
    _check(hall)


def _failed_job(hall: City) -> tuple[str, str]:
    """A workflow whose job has failed, on a slide that is whole again; their ids."""
    held = _hold(hall, "bob-0-0.png")
    workflow, (job,) = _submitted(hall, "bob")
    _until(hall, job, "Running")
    slide = hall.folder / "slides" / "bob" / "0-0.png"
    damage(slide)
    held.unlink()
    _until(hall, job, "Failed")
    _until(hall, workflow, "Failed")
    hall.slide("bob", slide.name)
    return workflow, job


def _run_by_hand(deployment: str) -> str:
    async def run(client: PrefectClient) -> str:
        found = await client.read_deployment_by_name(deployment)
        parameters = {"job": {"slide": "x.png"}, "out": "/nowhere"}
        made = await client.create_flow_run_from_deployment(found.id, parameters=parameters)
        return str(made.id)

    return _ask(run)


def _said_last(hall: City, run_id: str) -> tuple[str, str]:
    state = hall.run(run_id).state
    return (state.name or "", state.message or "") if state else ("", "")
