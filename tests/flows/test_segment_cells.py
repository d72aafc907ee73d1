"""The flows on a real Prefect server: bytes, names, subflows, artifacts."""

import asyncio
import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flows.segment_cells import segment_cells
from flows.tissue_mask import tissue_mask
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import OutputConflict, SlideUnreadable
from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.results.folder import MANIFEST, RUN
from slideloom.segmentation.job import FILES, segment_slide
from slideloom.slides import open_slide
from tests.flows.server import artifacts, flow_run, subflow_runs, task_runs
from tests.helpers.files import contents, drawn_slide
from tests.helpers.waiting import wait_until


def _job(slide: Path, **changed: Any) -> SegmentCells:
    given = {"tile_size": 256, "overlap": 128, "tissue": "off", **changed}
    return SegmentCells(slide=str(slide), mpp=0.5, model="oracle", **given)


def test_the_flow_gives_the_bytes_of_the_bare_core(tmp_path: Path) -> None:
    slide = drawn_slide(tmp_path / "slide.png")
    summary = asyncio.run(segment_cells(_job(slide), str(tmp_path / "flow")))
    with open_slide(slide, 0.5) as opened:
        segment_slide(_job(slide), tmp_path / "core", opened, OracleEngine())
    found, expected = contents(tmp_path / "flow"), contents(tmp_path / "core")
    (attempt,) = json.loads(found.pop(RUN))["attempts"]
    assert found == expected
    assert set(found) == {*FILES, MANIFEST}
    assert set(attempt["seconds"]) == {"plan", "segment", "merge", "aggregate", "draw"}
    assert attempt["tiles"] == summary["tiles"]["segmented"]
    assert summary["cells"]["cells"] > 100


def test_a_run_shows_names_progress_summary_picture_and_links(tmp_path: Path) -> None:
    slide = drawn_slide(tmp_path / "shown.png")
    summary = asyncio.run(segment_cells(_job(slide), str(tmp_path / "out")))
    run = flow_run("segment shown.png")
    assert run.state is not None
    assert run.state.is_completed()
    subflows = subflow_runs(run)
    assert set(subflows) == {"merge", "aggregate", "visualize"}
    shown = artifacts([run, *subflows.values()])
    assert set(shown) == {"tiles", "summary", "cells-on-tissue", "files"}
    assert shown["tiles"].data == 100.0
    rows = {row["what"]: row["value"] for row in json.loads(str(shown["summary"].data))}
    assert rows["cells"] == f"{summary['cells']['cells']:,}"
    assert "manifest.json" not in str(shown["files"].data)
    assert "combined.jpg" in str(shown["files"].data)
    _, picture = str(shown["cells-on-tissue"].data).split("base64,")
    assert Image.open(io.BytesIO(base64.b64decode(picture.split(")")[0]))).format == "JPEG"


def test_tile_tasks_are_mapped_and_carry_no_tag(tmp_path: Path) -> None:
    slide = drawn_slide(tmp_path / "mapped.png")
    asyncio.run(segment_cells(_job(slide), str(tmp_path / "out")))
    run = flow_run("segment mapped.png")
    tile_tasks = re.compile(r"tiles \d+")
    wait_until(lambda: len(task_runs(run)) >= 12)
    found = [task for task in task_runs(run) if tile_tasks.fullmatch(task.name)]
    assert {task.name for task in found} == {f"tiles {n}" for n in range(9)}
    assert [task.tags for task in found if task.tags] == []


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
