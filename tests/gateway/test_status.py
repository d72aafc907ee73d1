"""How busy the house is, as a tenant sees it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate
from prefect.states import Completed, Running

from gateway import board
from gateway.moments import Moment
from gateway.settings import GatewaySettings
from runs.house import House, read_house
from runs.names import GPU, PLACES
from runs.places import written
from slideloom.scheduling.state import Place, Standing
from tests.gateway.door import Door, open_door
from tests.runs.made import Made, make_workflow, put, unique
from tests.workflows.server import add_tenant, on_server

STATUS = "/status"


@pytest.fixture
def fresh(house: Path) -> Iterator[Door]:
    """A door that looks anew each time."""
    with open_door(GatewaySettings(key_cache_s=0, status_cache_s=0)) as door:
        yield door


def _status(door: Door, tenant: str) -> dict[str, Any]:
    with door.client(tenant) as client:
        answer = client.get(STATUS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _tenant(folder: Path) -> str:
    name = unique("tenant")
    (folder / name).mkdir()
    on_server(lambda _: add_tenant(name, folder / name))
    return name


async def _three_jobs(client: PrefectClient, tenant: str) -> Made:
    made = await make_workflow(client, {"left": ["a", "b", "c"]}, tenant)
    await put(client, made.jobs["a"], Running(), attempt=1)
    return made


def test_one_s_own_jobs_and_those_of_all(fresh: Door, tmp_path: Path) -> None:
    mine, others = _tenant(tmp_path), _tenant(tmp_path)
    before = _status(fresh, mine)
    made = on_server(lambda client: _three_jobs(client, mine))
    after = _status(fresh, mine)
    assert before["yours"] == {"queued": 0, "running": 0}
    assert after["yours"] == {"queued": 2, "running": 1}
    more = {name: after["all"][name] - before["all"][name] for name in ("queued", "running")}
    assert more == {"queued": 2, "running": 1}
    assert _status(fresh, others)["yours"] == {"queued": 0, "running": 0}
    on_server(lambda client: put(client, made.jobs["a"], Completed()))
    assert _status(fresh, mine)["yours"] == {"queued": 2, "running": 0}


def test_workers_limits_and_how_many_tenants_but_not_who(fresh: Door) -> None:
    before = _status(fresh, "alice")

    async def change(client: PrefectClient) -> None:
        await client.send_worker_heartbeat(GPU, unique("worker"), 30)
        standings = (Standing.ENTERED, Standing.SERVED, Standing.QUEUED)
        places = [Place(f"zed-{number}", 1.0, each) for number, each in enumerate(standings)]
        await client.create_variable(VariableCreate(name=PLACES, value=written(places)))

    on_server(change)
    try:
        with fresh.client("alice") as client:
            answer = client.get(STATUS)
    finally:
        on_server(lambda client: client.delete_variable_by_name(PLACES))
    after = answer.json()
    assert after["workers"]["gpu"] == before["workers"]["gpu"] + 1
    assert set(after["workers"]) == {"control", "jobs", "gpu"}
    assert (before["active_tenants"], after["active_tenants"]) == (0, 2)
    assert "zed" not in answer.text
    limits = after["limits"]
    assert (limits["max_workers"], limits["max_active_users"], limits["your_gpu"]) == (5, 3, 2)


def test_many_callers_cost_prefect_no_more_than_one(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[None] = []

    async def counted(client: PrefectClient) -> House:
        readings.append(None)
        return await read_house(client)

    monkeypatch.setattr(board, "read_house", counted)
    with open_door(GatewaySettings(status_cache_s=300)) as door:
        door.key("alice"), door.key("bob")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda tenant: _status(door, tenant), ["alice", "bob"] * 8))
    assert len(found) == 16
    assert len(readings) == 1


def test_it_is_for_tenants(door: Door) -> None:
    codes = []
    for who in ("", None):
        with door.client(who) as client:
            codes.append(client.get(STATUS).status_code)
    assert codes == [403, 401]


def test_a_reading_is_shared_and_one_that_failed_is_not_kept() -> None:
    calls = 0

    async def read() -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        if calls == 1:
            raise ConnectionError
        return calls

    async def act() -> None:
        moment = Moment(read, 300)
        failed = await asyncio.gather(*(moment.get() for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in failed] == [ConnectionError] * 3
        assert await asyncio.gather(*(moment.get() for _ in range(3))) == [2, 2, 2]
        assert await moment.get() == 2

    asyncio.run(act())


def test_whoever_asked_first_may_be_gone_before_the_answer() -> None:
    async def act() -> None:
        begun, go = asyncio.Event(), asyncio.Event()

        async def read() -> str:
            begun.set()
            await go.wait()
            return "read"

        moment = Moment(read, 300)
        first = asyncio.create_task(moment.get())
        await begun.wait()
        second = asyncio.create_task(moment.get())
        first.cancel()
        go.set()
        assert await second == "read"

    asyncio.run(act())
