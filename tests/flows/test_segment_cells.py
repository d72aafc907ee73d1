"""The flows on a real Prefect server: states, names, subflows, artifacts, failures."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterName,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, TaskRun

from flows.segment_cells import segment_cells
from flows.tissue_mask import tissue_mask
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import OutputConflict, SlideUnreadable
from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.results.folder import MANIFEST, RUN
from slideloom.segmentation.job import FILES, segment_slide
from slideloom.slides import open_slide
from tests.helpers.files import contents, drawn_slide


def _job(slide: Path, **changed: Any) -> SegmentCells:
    given = {"tile_size": 256, "overlap": 128, "tissue": "off", **changed}
    return SegmentCells(slide=str(slide), mpp=0.5, model="oracle", **given)


async def _flow_run(name: str) -> FlowRun:
    async with get_client() as client:
        wanted = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
        (found,) = await client.read_flow_runs(flow_run_filter=wanted)
        return found


async def _artifacts(run: FlowRun) -> list[Artifact]:
    async with get_client() as client:
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        return await client.read_artifacts(artifact_filter=wanted)


async def _task_runs(run: FlowRun) -> list[TaskRun]:
    async with get_client() as client:
        wanted = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run.id]))
        return await client.read_task_runs(task_run_filter=wanted)


def test_the_flow_gives_the_bytes_of_the_bare_core(tmp_path: Path) -> None:
    slide = drawn_slide(tmp_path / "slide.png")
    summary = asyncio.run(segment_cells(_job(slide), str(tmp_path / "flow")))
    with open_slide(slide, 0.5) as opened:
        segment_slide(_job(slide), tmp_path / "core", opened, OracleEngine())
    found, expected = contents(tmp_path / "flow"), contents(tmp_path / "core")
    seconds = json.loads(found.pop(RUN))["attempts"][0]["seconds"]
    assert found == expected
    assert set(found) == {*FILES, MANIFEST}
    assert set(seconds) == {"plan", "segment", "merge", "aggregate", "draw"}
    assert summary["cells"]["cells"] > 100


def test_a_run_shows_names_progress_summary_picture_and_links(tmp_path: Path) -> None:
    slide = drawn_slide(tmp_path / "shown.png")
    asyncio.run(segment_cells(_job(slide), str(tmp_path / "out")))
    run = asyncio.run(_flow_run("segment shown.png"))
    assert run.state is not None
    assert run.state.is_completed()
    kinds = {artifact.type for artifact in asyncio.run(_artifacts(run))}
    assert {"progress", "markdown"} <= kinds
    progress = [a for a in asyncio.run(_artifacts(run)) if a.type == "progress"]
    assert [artifact.data for artifact in progress] == [100.0]


def test_bad_input_fails_the_run_with_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(SlideUnreadable, match="does not exist"):
        asyncio.run(segment_cells(_job(tmp_path / "nowhere.png"), str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


def test_another_slide_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    one = drawn_slide(tmp_path / "one.png", 300, 200, seed=1)
    two = drawn_slide(tmp_path / "two.png", 300, 200, seed=2)
    asyncio.run(segment_cells(_job(one), str(tmp_path / "out")))
    before = contents(tmp_path / "out")
    with pytest.raises(OutputConflict, match="another slide"):
        asyncio.run(segment_cells(_job(two), str(tmp_path / "out")))
    assert contents(tmp_path / "out") == before
    again = asyncio.run(segment_cells(_job(one), str(tmp_path / "out")))
    assert again == json.loads(before["summary.json"])


def test_the_tissue_flow(tmp_path: Path) -> None:
    slide = drawn_slide(tmp_path / "slide.png")
    job = TissueMaskJob(slide=str(slide), mpp=0.5)
    summary = asyncio.run(tissue_mask(job, str(tmp_path / "out")))
    assert summary["tissue"]["fraction"] > 0.9
    assert (tmp_path / "out" / "tissue.geojson").exists()
    assert (tmp_path / "out" / MANIFEST).exists()
    again = asyncio.run(tissue_mask(job, str(tmp_path / "out")))
    assert again == summary
