"""Segmentation jobs of the tests, and the result that each must have."""

from pathlib import Path
from typing import Any

import cv2
from prefect.client.schemas.objects import FlowRun

from slideloom.engines.oracle import OracleEngine
from slideloom.parameters import SegmentCells
from slideloom.results.folder import RUN
from slideloom.segmentation.job import segment_slide
from slideloom.slides import open_slide
from tests.chaos.city import City
from tests.helpers.files import contents
from tests.helpers.slides import drawn_tissue
from tests.helpers.waiting import wait_until

GIVEN: dict[str, Any] = {
    "mpp": 0.5,
    "model": "oracle",
    "tissue": "off",
    "tile_size": 192,
    "overlap": 64,
}
WIDTH, HEIGHT = 1000, 900
TILES = 8 * 7
"""Of such a slide."""


def draw(town: City, tenant: str) -> Path:
    """A slide of the tenant's, who is added with it."""
    town.add_tenants([tenant])
    return make_slide(town.folder / "slides" / tenant / "a.png", seed=len(tenant))


def make_slide(path: Path, seed: int) -> Path:
    """A slide of `TILES` tiles."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), drawn_tissue(WIDTH, HEIGHT, seed=seed, density=0.001)[..., ::-1])
    return path


def submit(town: City, tenant: str, **given: Any) -> str:
    """A workflow of one segmentation; its id."""
    job = {"kind": "segment_cells", "slide": "a.png", **GIVEN, **given}
    return town.submit(
        {"tenant": tenant, "name": "cells", "branches": [{"name": "one", "jobs": [job]}]}
    )


def job_of(town: City, workflow: str) -> FlowRun:
    """The run of its job, once it is made."""
    wait_until(lambda: bool(town.jobs(workflow)))
    return town.jobs(workflow)[0]


def ends(town: City, workflow: str) -> str:
    """State in which the workflow ends."""

    def is_over() -> bool:
        state = town.run(workflow).state
        return state is not None and state.is_final()

    wait_until(is_over)
    return town.state(workflow)


def result(town: City, workflow: str) -> dict[str, bytes]:
    """Files of the job's result, without `run.json`."""
    found = contents(Path(job_of(town, workflow).parameters["out"]))
    found.pop(RUN, None)
    return found


def expected(town: City, slide: Path) -> dict[str, bytes]:
    """The result that the bare core makes of the slide in this process."""
    out = town.folder / f"bare-{slide.parent.name}"
    with open_slide(slide, GIVEN["mpp"]) as opened:
        segment_slide(SegmentCells(slide=str(slide), **GIVEN), out, opened, OracleEngine())
    return contents(out)
