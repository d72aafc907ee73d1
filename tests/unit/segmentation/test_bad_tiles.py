"""Tiles that the engine fails on: named where the job fails, left out and listed where it may."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed, OutputConflict
from slideloom.parameters import SegmentCells
from slideloom.results.folder import MANIFEST
from slideloom.segmentation.job import segment_slide
from slideloom.segmentation.report import summary_rows
from slideloom.slides import Slide, open_slide
from tests.helpers.engines import Refusing, poison
from tests.helpers.files import contents, write_png
from tests.helpers.slides import drawn_tissue

CELLS = ("cells.parquet", "cells.geojson.gz", "combined.jpg")
BAD = [(0, 3), (1, 1)]
"""Rows and columns of the tiles that hold the poison, no other tile sees it: of 3 × 5."""

BROKEN_AT = 4 + 4 + 1 + 1 + 3 + 3 + 1 + 1
"""The first of the third tile task, after two of four tiles each: their batches, those with a bad
tile once more tile by tile, and a plain one for each bad one."""


@pytest.fixture(name="slide", scope="module")
def _slide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slide]:
    pixels = drawn_tissue(900, 700, seed=1, density=0.002)
    for row, column in BAD:
        poison(pixels, 192 * column + 150, 192 * row + (150 if row else 50))
    path = write_png(tmp_path_factory.mktemp("slide") / "slide.png", pixels)
    with open_slide(path, 0.5) as slide:
        yield slide


def job_on(slide: Slide, **given: Any) -> SegmentCells:
    parameters = {"tile_size": 320, "overlap": 128, "tissue": "off", **given}
    return SegmentCells(slide=str(slide.path), mpp=0.5, model="oracle", **parameters)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_bad_tiles_are_left_out_and_listed_and_cost_no_other_tile(
    slide: Slide, tmp_path: Path, batch_size: int
) -> None:
    job = job_on(slide, on_bad_tile="gap", batch_size=batch_size)
    summary = segment_slide(job, tmp_path / "out", slide, Refusing())
    assert summary["gaps"] == [
        {"row": row, "column": column, "reason": "numbers are not finite"} for row, column in BAD
    ]
    assert summary["tiles"]["segmented"] == 13
    told = dict(summary_rows(summary))["missing"]
    assert told == "2 tiles (row, column) could not be segmented: (0, 3), (1, 1)"
    without = segment_slide(job, tmp_path / "blank", slide, Refusing(blank=True))
    assert "gaps" not in without
    assert summary["cells"] == without["cells"]
    for name in CELLS:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "blank" / name).read_bytes()


def test_where_none_is_bad_the_bytes_are_those_of_a_job_that_would_fail(
    slide: Slide, tmp_path: Path
) -> None:
    segment_slide(job_on(slide), tmp_path / "fail", slide, OracleEngine())
    segment_slide(job_on(slide, on_bad_tile="gap"), tmp_path / "gap", slide, OracleEngine())
    assert contents(tmp_path / "fail") == contents(tmp_path / "gap")


def test_the_job_fails_with_the_name_of_the_one_tile(slide: Slide, tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"png, tile \(row, column\) \(0, 3\): numbers"):
        segment_slide(job_on(slide), tmp_path / "out", slide, Refusing(), workers=1)
    assert not (tmp_path / "out" / MANIFEST).exists()


def test_an_engine_that_is_broken_makes_no_gaps_and_a_rerun_takes_up_the_parts(
    slide: Slide, tmp_path: Path
) -> None:
    job, out = job_on(slide, on_bad_tile="gap"), tmp_path / "out"
    whole = Refusing()
    segment_slide(job, tmp_path / "whole", slide, whole, workers=1)
    with pytest.raises(EngineFailed, match=r"the device is lost; and so does plain glass"):
        segment_slide(job, out, slide, Refusing(BROKEN_AT), workers=1)
    assert len(list((out / "parts").glob("*.part"))) == 2
    again = Refusing()
    segment_slide(job, out, slide, again, workers=1)
    assert again.tiles == whole.tiles - (BROKEN_AT - 1)
    assert contents(out) == contents(tmp_path / "whole")


def test_parts_that_lack_tiles_are_not_taken_up_by_a_job_that_fails_on_them(
    slide: Slide, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(EngineFailed):
        segment_slide(job_on(slide, on_bad_tile="gap"), out, slide, Refusing(BROKEN_AT), workers=1)
    segment_slide(job_on(slide), out, slide, OracleEngine())
    segment_slide(job_on(slide), tmp_path / "sound", slide, OracleEngine())
    assert contents(out) == contents(tmp_path / "sound")


def test_a_finished_result_that_lacks_tiles_is_no_result_to_a_job_that_fails_on_them(
    slide: Slide, tmp_path: Path
) -> None:
    job, out = job_on(slide, on_bad_tile="gap"), tmp_path / "out"
    summary = segment_slide(job, out, slide, Refusing())
    found = contents(out)
    with pytest.raises(OutputConflict, match="2 of its tiles missing"):
        segment_slide(job_on(slide), out, slide, OracleEngine())
    assert segment_slide(job, out, slide, OracleEngine()) == summary
    assert contents(out) == found


def test_gaps_alone_are_no_result(slide: Slide, tmp_path: Path) -> None:
    job = job_on(slide, on_bad_tile="gap", tile_size=1024)
    with pytest.raises(EngineFailed, match=r"none of 1 tiles .* numbers are not finite"):
        segment_slide(job, tmp_path / "out", slide, Refusing())
    assert not (tmp_path / "out" / MANIFEST).exists()
