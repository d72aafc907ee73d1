"""Many submissions at once: none lost, none doubled."""

import asyncio
from pathlib import Path
from uuid import uuid4

from prefect.client.orchestration import PrefectClient

from runs.names import RUN_WORKFLOW
from tests.gateway.door import Door
from tests.gateway.playing import spec
from tests.gateway.submitting import submit_all
from tests.helpers.files import drawn_slide
from tests.workflows.server import add_tenant, on_server

TENANTS, EACH, AT_ONCE = 4, 10, 8


def test_none_is_lost_and_none_doubled(door: Door, house: Path) -> None:
    keys = {}
    for number in range(TENANTS):
        name = f"m{number}-{uuid4().hex[:8]}"
        (house / name).mkdir()
        on_server(lambda _, of=name: add_tenant(of, house / of))
        drawn_slide(house / name / "slides" / "a.png", 64, 64)
        keys[name] = door.key(name)
    told = asyncio.run(submit_all(door.url, keys, spec(), EACH, AT_ONCE))
    assert len(told.workflows) == TENANTS * EACH
    pairs = list(told.workflows.values())
    assert {len(pair) for pair in pairs} == {2}
    assert all(one == two for one, two in pairs)
    made = on_server(lambda client: _made(client, list(keys)))
    assert sorted(made) == sorted(one for one, _ in pairs)
    assert len(set(made)) == TENANTS * EACH


async def _made(client: PrefectClient, tenants: list[str]) -> list[str]:
    """Ids of all runs of workflows of these tenants."""
    body = {
        "flow_runs": {"tags": {"any_": [f"tenant:{name}" for name in tenants]}},
        "deployments": {"name": {"any_": [RUN_WORKFLOW.split("/")[1]]}},
        "limit": 200,
    }
    answer = await client.request("POST", "/flow_runs/filter", json=body)
    return [run["id"] for run in answer.json()]
