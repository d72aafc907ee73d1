"""Two hundred submissions of twenty tenants, twenty at a time, each key sent twice.

On a real server with dispatcher and control worker; the door is a process of its own. The figures
are for a report: on a busy machine they say little.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun

from blocks.keys import make_key
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW, tenant_tag
from runs.paging import read_all
from runs.records import job_run
from tests.chaos.city import City, city
from tests.gateway.playing import spec
from tests.gateway.submitting import Told, submit_all
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.stack import free_port
from tests.helpers.waiting import wait_until
from tests.workflows.server import on_server

TENANTS, EACH, AT_ONCE = 20, 10, 20
MOST_OPEN = EACH
WITHIN_S = 900

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(2400), *LEAVES_SOCKETS]


def test_two_hundred_submissions(tmp_path: Path) -> None:
    with city(tmp_path, ("dispatcher", "control")) as town, _door(town) as url:
        names = [f"tenant-{number}" for number in range(TENANTS)]
        town.add_tenants(names)
        for name in names:
            town.slide(name, "a.png")
        keys = {name: _key(name) for name in names}
        told = asyncio.run(submit_all(url, keys, spec(), EACH, AT_ONCE))
        queued = _all_queued(names, told)
        _assert_once(names, told)
        # Nobody works on jobs here: all are open, and that is all a tenant may have.
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            _assert_bounded(client, keys[names[0]])
    print(
        f"{TENANTS * EACH} workflows, {len(told.seconds)} posts, {told.refused} refused; "
        f"POST: {_figures(told.seconds)}; until its job is queued: {_figures(queued)}"
    )


@contextmanager
def _door(town: City) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    more = {
        "SLIDELOOM_GATEWAY_OPEN_WORKFLOWS": str(MOST_OPEN),
    }
    with (town.folder / "door.log").open("wb") as log:
        door = subprocess.Popen(
            [sys.executable, "-m", "gateway", "--port", str(port)],
            env=town.environment | more,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _is_open(url) or door.poll() is not None)
        assert door.poll() is None, (town.folder / "door.log").read_text()
        yield url
    finally:
        door.terminate()
        door.wait()


def _is_open(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _key(tenant: str) -> str:
    text, _ = on_server(lambda _: make_key(tenant, "load", datetime.now(UTC)))
    return str(text)


def _all_queued(names: list[str], told: Told) -> list[float]:
    """Seconds from each first post until the workflow's job was queued."""

    async def read() -> list[FlowRun]:
        async with get_client() as client:
            return await _runs(client, names, list(JOB_DEPLOYMENTS.values()))

    found: list[FlowRun] = []

    def complete() -> bool:
        found[:] = asyncio.run(read())
        return len(found) >= TENANTS * EACH

    wait_until(complete, WITHIN_S)
    jobs = [(job, run) for run in found if (job := job_run(run)) and run.created]
    return [run.created.timestamp() - told.began[job.workflow] for job, run in jobs if run.created]


async def _runs(client: PrefectClient, names: list[str], deployments: list[str]) -> list[FlowRun]:
    wanted = FlowRunFilter(tags=FlowRunFilterTags(any_=[tenant_tag(name) for name in names]))
    of = [name.split("/")[1] for name in deployments]
    return await read_all(client, wanted, DeploymentFilter(name=DeploymentFilterName(any_=of)))


def _assert_once(names: list[str], told: Told) -> None:
    assert len(told.workflows) == TENANTS * EACH
    assert all(len(pair) == 2 and len(set(pair)) == 1 for pair in told.workflows.values())
    made = on_server(lambda client: _runs(client, names, [RUN_WORKFLOW]))
    assert sorted(str(run.id) for run in made) == sorted(told.began)


def _assert_bounded(client: httpx.Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    refused = client.post("/api/v1/workflows", json=spec(), headers=headers)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    mine = client.get("/api/v1/workflows", headers=headers).json()["items"][0]["id"]
    assert client.post(f"/api/v1/workflows/{mine}/cancel", headers=headers).status_code == 202

    def taken() -> bool:
        answer = client.post("/api/v1/workflows", json=spec(), headers=headers)
        return answer.status_code == 202

    wait_until(taken)


def _figures(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    middle, late = ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]
    return f"p50 {middle:.2f} s, p95 {late:.2f} s, max {ordered[-1]:.2f} s"
