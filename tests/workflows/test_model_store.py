"""On a server models come from the folder that the model store's block names."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType

from blocks import DEFAULT, ModelStore
from flows.segment_cells import segment_cells
from runs.creation import read_jobs
from slideloom.errors import ModelUnavailable
from slideloom.models import SHIPPED_MODEL
from slideloom.models import ModelStore as Models
from slideloom.parameters import SegmentCells
from tasks import planning
from tests.helpers.recorded import record_model
from tests.workflows.server import TENANT, admit, carry_out, gpu_worker, on_server, spec, submit

MODEL = "ours"
JOB: dict[str, Any] = {
    "kind": "segment_cells",
    "slide": "a.png",
    "mpp": 0.5,
    "model": MODEL,
    "tissue": "off",
    "tile_size": 256,
    "overlap": 64,
}


@pytest.fixture
def elsewhere(house: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store with one model; what the environment names is another one, and empty."""
    monkeypatch.setenv("SLIDELOOM_MODEL_STORE", str(house / "empty"))
    content = Models().resolve(SHIPPED_MODEL).read()
    record_model(house / "elsewhere", content, MODEL)
    on_server(lambda _: _point_to(house / "elsewhere"))
    yield house / "elsewhere"
    on_server(lambda _: _point_to(None))


async def _point_to(folder: Path | None) -> None:
    block = ModelStore(root=str(folder) if folder else None)
    await block.asave(DEFAULT, overwrite=True)


async def _asked_for(client: PrefectClient) -> FlowRun:
    """A workflow that asks for the model, once its run has looked at it."""
    stated = spec(TENANT)
    stated["branches"][0]["jobs"] = [JOB]
    return await carry_out(client, await submit(client, stated))


def test_a_workflow_is_checked_and_run_with_the_blocks_models(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a model is loaded by the job")

    monkeypatch.setattr(planning, "shared_engine", refuse)

    async def act() -> Path:
        async with get_client() as client:
            workflow = await _asked_for(client)
            (job,) = await read_jobs(client, workflow.id)
            await admit(client, job)
            async with gpu_worker(client):
                run = await carry_out(client, UUID(job.id))
            assert run.state is not None
            assert run.state.type is StateType.COMPLETED, run.state.message
            return Path(job.parameters["out"])

    out = asyncio.run(act())
    assert json.loads((out / "summary.json").read_text())["model"]["name"] == MODEL


def test_a_model_that_is_not_in_it_is_refused_with_the_command_that_helps(elsewhere: Path) -> None:
    shutil.rmtree(elsewhere / MODEL)

    async def act() -> str:
        async with get_client() as client:
            workflow = await _asked_for(client)
            assert workflow.state_name == "Refused"
            return (workflow.state.message if workflow.state else "") or ""

    said = asyncio.run(act())
    assert f"no model is called {MODEL!r}" in said
    assert f"SLIDELOOM_MODEL_STORE={elsewhere} slideloom models add" in said


def test_a_block_without_a_folder_leaves_it_to_the_environment(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_server(lambda _: _point_to(None))
    monkeypatch.setenv("SLIDELOOM_MODEL_STORE", str(elsewhere))

    async def act() -> str | None:
        async with get_client() as client:
            return (await _asked_for(client)).state_name

    assert asyncio.run(act()) == "Awaiting jobs"


def test_a_plain_call_keeps_to_the_environment(elsewhere: Path) -> None:
    given = {name: value for name, value in JOB.items() if name != "kind"}
    job = SegmentCells(**{**given, "slide": str(elsewhere.parent / "slides" / "a.png")})
    with pytest.raises(ModelUnavailable, match=MODEL):
        asyncio.run(segment_cells(job, str(elsewhere.parent / "out")))
