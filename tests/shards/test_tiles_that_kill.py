"""A tile on which every worker dies is found: it is a gap, or what the job fails with."""

import asyncio
import json
from pathlib import Path

import cv2
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

from runs import labels
from runs.names import job_tag
from runs.states import JOBS_CANCELLED
from slideloom.parameters import SegmentCells
from slideloom.segmentation.job import segment_slide
from slideloom.segmentation.quarantine import DIED
from slideloom.slides import open_slide
from tests.chaos.city import City
from tests.helpers.engines import Refusing, poison
from tests.helpers.slides import drawn_tissue
from tests.helpers.waiting import wait_until
from tests.shards.jobs import GIVEN, job_of, submit

SIDE = 320
"""Four tiles in one tile task."""


def make_deadly(town: City, tenant: str) -> Path:
    """A slide of which tile (1, 0) alone holds the poison: the third of its tile task."""
    town.add_tenants([tenant])
    pixels = drawn_tissue(SIDE, SIDE, seed=3, density=0.001)
    poison(pixels, 60, 250)
    path = town.folder / "slides" / tenant / "a.png"
    cv2.imwrite(str(path), pixels[..., ::-1])
    return path


def said_of(town: City, workflow: str) -> str:
    """What has been said of the workflow's job so far."""

    job = job_of(town, workflow).id

    async def read() -> str:
        async with get_client() as client:
            found = await client.read_flow_run_states(job)
            return " ".join(state.message or "" for state in found)

    return asyncio.run(read())


def shards_have_ended(town: City, workflow: str) -> bool:
    """Nothing of the workflow's job can kill a worker any more."""

    tag = job_tag(str(job_of(town, workflow).id))

    async def read() -> bool:
        async with get_client() as client:
            tags = FlowRunFilterTags(all_=[tag])
            runs = await client.read_flow_runs(flow_run_filter=FlowRunFilter(tags=tags))
            return all(run.state is not None and run.state.is_final() for run in runs)

    return asyncio.run(read())


def start_the_dead(town: City) -> None:
    """As `slideloom worker` does."""
    for name in ("gpu-1", "gpu-2"):
        if town.crew[name].code is not None:
            town.start(name)


@pytest.mark.acceptance  # a dozen workers die one after the other: minutes
def test_it_is_left_out_or_named_and_all_others_are_done(town: City) -> None:
    """Two jobs at once, as each death takes a while: one leaves it out, the other fails."""
    slide = make_deadly(town, "leaves")
    make_deadly(town, "fails")
    leaves, fails = submit(town, "leaves", on_bad_tile="gap"), submit(town, "fails")

    def has_ended() -> bool:
        start_the_dead(town)
        state = town.run(leaves).state
        return state is not None and state.is_final()

    def has_named_it() -> bool:
        start_the_dead(town)
        return "died or gave up on the tiles (row, column) (1, 0):" in said_of(town, fails)

    wait_until(has_named_it)
    town.cancel(str(job_of(town, fails).id))  # or its next attempt would cost three workers more
    wait_until(has_ended)
    assert town.state(leaves) == "Completed"
    job = job_of(town, leaves)
    assert job.labels[labels.ATTEMPT] == 1
    out = Path(job.parameters["out"])
    summary = json.loads((out / "summary.json").read_bytes())
    assert summary["gaps"] == [{"row": 1, "column": 0, "reason": DIED}]
    blank = town.folder / "bare-leaves"
    with open_slide(slide, GIVEN["mpp"]) as opened:
        segment_slide(SegmentCells(slide=str(slide), **GIVEN), blank, opened, Refusing(blank=True))
    for name in ("cells.parquet", "cells.geojson.gz"):
        assert (out / name).read_bytes() == (blank / name).read_bytes()

    def is_over() -> bool:
        start_the_dead(town)
        return town.state(fails) == JOBS_CANCELLED and shards_have_ended(town, fails)

    wait_until(is_over)
    start_the_dead(town)
