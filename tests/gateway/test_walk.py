"""The whole way of a tenant, by the typed client: submit, watch, fetch the result."""

import hashlib
from pathlib import Path

from slideloom.engines.oracle import OracleEngine
from slideloom.parameters import SegmentCells
from slideloom.results.folder import MANIFEST, RUN
from slideloom.scheduling.state import JobState
from slideloom.segmentation.job import segment_slide
from slideloom.slides import open_slide
from tests.gateway.client import Client
from tests.gateway.door import Door
from tests.gateway.playing import accept, run_jobs
from tests.helpers.files import contents

_GIVEN = {"mpp": 0.5, "tissue": "off", "tile_size": 128, "overlap": 64}
SPEC = {
    "name": "biopsy 17",
    "branches": [
        {
            "name": "left",
            "jobs": [
                {"kind": "tissue_mask", "slide": "a.png", "mpp": 0.5},
                {"kind": "segment_cells", "slide": "a.png", **_GIVEN},
            ],
        }
    ],
}


def test_from_the_submission_to_the_files(door: Door, house: Path) -> None:
    with Client(door.url, door.key("alice")) as alice:
        assert alice.models().default == "oracle"
        made = alice.submit(SPEC, key="biopsy-17")
        assert made.state is JobState.PENDING
        accept(made.id)
        tissue, cells = alice.jobs(workflow=made.id, state="PENDING")
        assert {tissue.kind, cells.kind} == {"tissue_mask", "segment_cells"}
        run_jobs(made.id)
        ended = alice.workflow(made.id)
        assert ended.state is JobState.SUCCEEDED
        assert (ended.jobs_ended, ended.jobs_total) == (2, 2)
        _, job = ended.branches[0].jobs
        assert job.slide == "a.png"
        assert job.tiles
        assert job.tiles.done == job.tiles.total > 0
        assert job.created
        assert job.started
        assert job.ended
        assert job.created <= job.started <= job.ended
        result = alice.result(job.id)
        fetched = {file.name: alice.content(file) for file in result.files}
        for file in result.files:
            content = fetched[file.name]
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    slide = house / "alice" / "slides" / "a.png"
    with open_slide(slide, 0.5) as opened:
        segment_slide(
            SegmentCells(slide=str(slide), model="oracle", **_GIVEN),
            house / "core",
            opened,
            OracleEngine(),
        )
    wanted = contents(house / "core")
    del wanted[MANIFEST]
    wanted.pop(RUN, None)
    assert fetched == wanted
    assert not any(str(house).encode() in content for content in fetched.values())
