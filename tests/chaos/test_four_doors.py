"""Four ways in, one flow, the same promises; and what is refused at the door."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleUpdate
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterTags,
)

from flows.run_workflow import run_workflow
from runs.names import RUN_WORKFLOW, SUBMIT_INBOX, tenant_tag
from slideloom.scheduling.spec import check_spec
from tests.chaos.city import City, city, damage, make_slide
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.reading import read_history
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.stack import WITH_SCHEDULES
from tests.helpers.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("chaos"), *LEAVES_SOCKETS]
CREW = ("dispatcher", "control", "jobs-1", "gpu")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    given = {**WITH_SCHEDULES, "SLIDELOOM_RETRY_DELAY_S": "1"}
    with city(tmp_path_factory.mktemp("town"), CREW, **given) as built:
        built.add_tenants(["ui", "api", "inbox", "python", "door", "cells"])
        yield built


def _end(town: City, workflow: str) -> str:
    wait_until(lambda: _is_final(town, workflow))
    return town.state(workflow)


def _is_final(town: City, run_id: str) -> bool:
    state = town.run(run_id).state
    return state is not None and state.is_final()


def _deployment(name: str) -> UUID:
    async def read() -> UUID:
        async with get_client() as client:
            return (await client.read_deployment_by_name(name)).id

    return asyncio.run(read())


def _post(town: City, body: dict[str, Any]) -> httpx.Response:
    address = f"{town.stack.api_url}/deployments/{_deployment(RUN_WORKFLOW)}/create_flow_run"
    return httpx.post(address, json=body, timeout=30)


def test_the_form_of_the_ui(town: City) -> None:
    body = {
        "name": "from-the-form",
        "state": {"type": "SCHEDULED", "message": "Run from the Prefect UI with defaults"},
        "enforce_parameter_schema": True,
        "parameters": {"spec": town.spec("ui", 2, 2)},
    }
    response = _post(town, body)
    assert response.status_code == 201, response.text
    assert _end(town, response.json()["id"]) == "Completed"


def test_the_api(town: City) -> None:
    response = _post(town, {"parameters": {"spec": town.spec("api", 2, 2)}})
    assert response.status_code == 201, response.text
    assert _end(town, response.json()["id"]) == "Completed"


def test_a_schedule(town: City) -> None:
    folder = town.folder / "slides" / "inbox" / "new"
    folder.mkdir()
    slides = [make_slide(folder / f"{number}.png") for number in range(2)]
    _switch_on(
        SUBMIT_INBOX,
        {
            "tenant": "inbox",
            "folder": "new",
            "settle_s": 0,
            "kind": "tissue_mask",
            "parameters": {"mpp": 0.5},
        },
    )
    try:
        wait_until(lambda: len(_workflows("inbox")) == len(slides))
        assert {_end(town, workflow) for workflow in _workflows("inbox")} == {"Completed"}
        make_slide(folder / "later.png")
        wait_until(lambda: len(_workflows("inbox")) == len(slides) + 1)
        assert {_end(town, workflow) for workflow in _workflows("inbox")} == {"Completed"}
    finally:
        _switch_on(SUBMIT_INBOX, {}, active=False)
    assert len(_workflows("inbox")) == len(slides) + 1


def _switch_on(name: str, parameters: dict[str, Any], active: bool = True) -> None:
    async def update() -> None:
        async with get_client() as client:
            deployment = await client.read_deployment_by_name(name)
            (schedule,) = deployment.schedules
            changed = {"active": active, "parameters": parameters}
            if active:
                changed["schedule"] = {"interval": 5}
            await client.request(
                "PATCH",
                "/deployments/{id}/schedules/{schedule_id}",
                path_params={"id": deployment.id, "schedule_id": schedule.id},
                json=DeploymentScheduleUpdate.model_validate(changed).model_dump(
                    mode="json", exclude_unset=True
                ),
            )

    asyncio.run(update())


def _workflows(tenant: str) -> list[str]:
    async def read() -> list[str]:
        async with get_client() as client:
            wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[tenant_tag(tenant)]))
            runs = await client.read_flow_runs(flow_run_filter=wanted)
            return [str(run.id) for run in runs if "slideloom.index" not in run.labels]

    return asyncio.run(read())


def test_a_call_in_python(town: City) -> None:
    outcome = asyncio.run(run_workflow(check_spec(town.spec("python", 2, 2))))
    assert outcome["state"] == "SUCCEEDED"


def test_cells_are_segmented_in_the_pool_that_keeps_the_model(town: City) -> None:
    slide = town.slide("cells", "cells.png")
    job = {"kind": "segment_cells", "slide": slide.name, "mpp": 0.5, "model": "oracle"}
    branches = [{"name": "b0", "jobs": [{**job, "tissue": "off"}]}]
    response = _post(
        town,
        {"parameters": {"spec": {"tenant": "cells", "name": "cells", "branches": branches}}},
    )
    workflow = response.json()["id"]
    assert _end(town, workflow) == "Completed"
    (run,) = town.jobs(workflow)
    assert (Path(run.parameters["out"]) / "manifest.json").exists()
    assert (run.work_pool_name, _pools_of_shards()) == ("jobs", {"gpu"})


def _pools_of_shards() -> set[str | None]:
    async def read() -> set[str | None]:
        async with get_client() as client:
            shards = FlowFilter(name=FlowFilterName(any_=["segment_shard"]))
            runs = await client.read_flow_runs(flow_filter=shards)
            return {run.work_pool_name for run in runs}

    return asyncio.run(read())


def test_what_cannot_be_run_is_refused_with_one_line_and_nothing_made(town: City) -> None:
    good = town.spec("door", 1, 1)
    broken = town.slide("door", "broken.png")
    damage(broken)
    circle = [{**good["branches"][0], "name": name, "needs": [name]} for name in ("b0",)]
    refused = {
        "needs": {**good, "branches": circle},
        "nobody": {**good, "tenant": "nobody"},
        "broken.png": _with_slide(good, "broken.png"),
        "missing.png": _with_slide(good, "missing.png"),
        "../api/0-0.png": _with_slide(good, "../api/0-0.png"),
    }
    for word, spec in refused.items():
        response = _post(town, {"parameters": {"spec": spec}, "enforce_parameter_schema": False})
        workflow = response.json()["id"]
        _end(town, workflow)
        state = town.run(workflow).state
        assert state is not None
        assert state.is_failed()
        assert word in (state.message or "")
        assert "Traceback" not in (state.message or "")
        assert len((state.message or "").splitlines()) == 1
        assert town.jobs(workflow) == []


def _with_slide(spec: dict[str, Any], slide: str) -> dict[str, Any]:
    (branch,) = spec["branches"]
    return {**spec, "branches": [{**branch, "jobs": [{**branch["jobs"][0], "slide": slide}]}]}


def test_no_promise_was_broken_by_any_of_them(town: City) -> None:
    history = asyncio.run(read_history(town.stack.api_url, live=True))
    assert broken_promises(history, Rules()) == [], town.logs()


@pytest.mark.acceptance  # the small city has both restarted, too
@pytest.mark.timeout(600)
def test_restarts_of_server_and_database_break_no_promise(tmp_path: Path) -> None:
    crew = ("dispatcher", "control", "jobs-1")
    with city(tmp_path, crew, SLOW_STORE_S="2", SLIDELOOM_RETRY_DELAY_S="1") as built:
        built.add_tenants(["a", "b"])
        workflows = [built.submit(built.spec(name, 2, 2)) for name in "ab"]
        wait_until(lambda: all(built.jobs(each) for each in workflows))
        built.stack.restart()
        built.kill("dispatcher")
        built.start("dispatcher")
        built.stack.restart_database()
        wait_until(lambda: all(_is_final(built, each) for each in workflows), timeout_s=300)
        history = asyncio.run(read_history(built.stack.api_url))
        assert broken_promises(history, Rules(final=True, results=True)) == [], built.logs()
        assert {built.state(each) for each in workflows} == {"Completed"}, built.logs()
