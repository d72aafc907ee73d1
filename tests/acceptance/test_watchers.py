"""What watchers cost Prefect: one of each workflow, a hundred, a thousand."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Running

from gateway.settings import GatewaySettings
from runs.states import queued
from tests.acceptance.watchers import allow_sockets
from tests.gateway.counting import counted
from tests.gateway.door import Door, open_door
from tests.gateway.sockets import address
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.stack import prefect_on_postgres
from tests.runs.made import Made, make_workflow, put, tell_tiles
from tests.workflows.server import add_tenant, on_server

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(900), *LEAVES_SOCKETS]
WORKFLOWS = 10
LASTS_S = 20.0
PAUSE_S = 0.1
STATES = (Running(name="Pending"), Running(), Running(name="Again"), Completed(), queued())


@dataclass(frozen=True)
class Cost:
    """What was measured."""

    watchers: int
    joining: int
    asked: Counter[str]
    changes: int
    seconds: float
    delays: list[float]
    types: dict[str, int]

    @property
    def rate(self) -> float:
        """Requests to Prefect a second."""
        return self.asked.total() / self.seconds

    def __str__(self) -> str:
        delays = sorted(self.delays)
        told = {part: delays[int(len(delays) * part / 100)] for part in (50, 95)} if delays else {}
        late = ", ".join(f"p{part} {seconds * 1000:.0f} ms" for part, seconds in told.items())
        return (
            f"{self.watchers} watchers: {self.joining} requests while they come, then "
            f"{self.rate:.1f} requests/s to Prefect for {self.changes / self.seconds:.1f} "
            f"changes/s; a state is told after {late}; messages {self.types}; "
            f"requests {dict(self.asked)}"
        )


async def change(client: PrefectClient, workflows: list[Made]) -> int:
    """Jobs take one state after the other, and some tell of their progress; how many did."""
    done, ends = 0, time.monotonic() + LASTS_S
    while time.monotonic() < ends:
        workflow = workflows[done % len(workflows)]
        job = workflow.jobs["a"]
        await put(client, job, STATES[done // len(workflows) % len(STATES)], attempt=1)
        if not done % 5:
            await tell_tiles(client, workflow.jobs["b"], done % 100, 100)
        done += 1
        await asyncio.sleep(PAUSE_S)
    return done


def measured(door: Door, workflows: list[Made], watchers: int) -> Cost:
    """What so many watchers cost, once all of them have their snapshots."""
    addresses = [
        address(door, f"workflows/{workflows[number % WORKFLOWS].id}") for number in range(watchers)
    ]
    program = [sys.executable, "-m", "tests.acceptance.watchers", door.key("alice"), *addresses]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as crowd:
        assert crowd.stdout is not None
        with counted() as joining:
            assert crowd.stdout.readline() == "ready\n"
        with counted() as asked:
            begun = time.monotonic()
            changes = on_server(lambda client: change(client, workflows))
            seconds = time.monotonic() - begun
        told = json.loads(crowd.communicate()[0])
    assert crowd.returncode == 0
    return Cost(watchers, joining.total(), asked, changes, seconds, told["delays"], told["types"])


def test_a_thousand_watchers_cost_prefect_what_one_of_each_costs(tmp_path: Path) -> None:
    allow_sockets()
    costs = {}
    with (
        prefect_on_postgres(tmp_path / "server") as server,
        temporary_settings({PREFECT_API_URL: server.api_url}),
    ):
        on_server(lambda _: add_tenant("alice", tmp_path))
        workflows = [
            on_server(lambda client: make_workflow(client, {"one": ["a", "b", "c"]}, "alice"))
            for _ in range(WORKFLOWS)
        ]
        for run in (workflow.jobs["b"] for workflow in workflows):
            on_server(lambda client, job=run: put(client, job, Running(), attempt=1))
        for watchers in (0, 1, WORKFLOWS, 100, 1000):
            with open_door(GatewaySettings(live_sockets_per_tenant=1000)) as door:
                costs[watchers] = measured(door, workflows, watchers)
                print(costs[watchers], flush=True)
    for many in (100, 1000):
        assert costs[many].rate <= 1.3 * costs[WORKFLOWS].rate + 2.0
