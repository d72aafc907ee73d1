"""Look in a real browser, at jobs that the test takes as far as it likes."""

import hashlib
import json
import math
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.states import Completed, Running

from tests.gateway.door import Door
from tests.gateway.viewed import Viewed, viewed
from tests.helpers.files import drawn_slide
from tests.helpers.large_slides import scanned_slide
from tests.page.browser import drive, missing, skip_without
from tests.page.cuttable import line_to
from tests.viewer.made import made_cells, written
from tests.workflows.server import on_server

WIDTH, HEIGHT = 1500, 1000
MIDDLE = "650,400,850,600"
SLIDE = "biopsy.png"
LONGEST_MS = 100
PX_PER_CELL = 240
"""Of a slide with many: a dense tumour at a quarter of a µm per pixel has fewer."""


@pytest.fixture(autouse=True)
def _a_browser() -> None:
    skip_without(missing())


def look_at(house: Path, tenant: str = "alice", slide: str = SLIDE) -> Viewed:
    """A job on a slide with something to see."""
    drawn_slide(house / tenant / "slides" / slide, WIDTH, HEIGHT)
    return viewed(house, tenant, slide=slide)


def told(job: Viewed, state: State) -> None:
    """As its worker would say."""

    async def act(client: PrefectClient) -> None:
        await client.set_flow_run_state(UUID(job.id), state, force=True)

    on_server(act)


def test_a_result_is_looked_at(door: Door, house: Path, tmp_path: Path) -> None:
    job, others = look_at(house), look_at(house, "bob")
    job.finish()
    told(job, Completed())
    given = {
        "url": door.url,
        "key": door.key("alice"),
        "job": job.id,
        "slide": SLIDE,
        "middle": MIDDLE,
        "nothing": [others.id, str(uuid4()), "no-id"],
    }
    drive("look", tmp_path, given)


def test_a_job_at_work_shows_what_it_has_found(door: Door, house: Path, tmp_path: Path) -> None:
    job = look_at(house)

    def segment() -> None:
        job.begin(tasks=1)
        told(job, Running())

    def finish() -> None:
        job.finish()
        told(job, Completed())

    given = {"url": door.url, "key": door.key("alice"), "job": job.id, "x": 200, "y": 200}
    drive("looking", tmp_path, given, {"segment": segment, "finish": finish})


@pytest.mark.acceptance  # `tests/page` sees one heal each time
def test_a_line_that_breaks_comes_back(door: Door, house: Path, tmp_path: Path) -> None:
    job = look_at(house)
    job.finish()
    told(job, Completed())
    with line_to(int(door.url.rpartition(":")[2])) as line:
        url = f"http://127.0.0.1:{line.port}"
        given = {"url": url, "key": door.key("alice"), "job": job.id}
        drive("lost", tmp_path, given, {"cut": line.cut, "mend": line.mend})


def replace_cells(out: Path, cells: int, side_px: int) -> None:
    """Make the cells of a result others, of a square slide."""
    written(out / "cells.parquet", made_cells(cells, side_px, side_px, radius=6))
    summary = json.loads((out / "summary.json").read_bytes())
    summary["slide"] |= {"width_px": side_px, "height_px": side_px}
    (out / "summary.json").write_text(json.dumps(summary))
    manifest = json.loads((out / "manifest.json").read_bytes())
    for file in manifest["files"]:
        content = (out / file["name"]).read_bytes()
        file |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (out / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.acceptance
@pytest.mark.parametrize("cells", [100_000, 1_000_000])
def test_many_cells_pan_without_blocking_the_page(
    cells: int, door: Door, house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    side_px = math.isqrt(cells * PX_PER_CELL)
    job = look_at(house, slide="many.tif")
    job.finish()
    scanned_slide(job.slide, side_px)
    replace_cells(job.out, cells, side_px)
    told(job, Completed())
    given = {"url": door.url, "key": door.key("alice"), "job": job.id, "most": LONGEST_MS}
    said = drive("pan", tmp_path, given)
    with capsys.disabled():
        print(f"\n{cells:,} cells: {said}", end="")
