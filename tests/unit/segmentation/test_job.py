"""A whole job in one process: the same bytes whatever the circumstances, and resume."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed
from slideloom.parameters import SegmentCells
from slideloom.results.folder import MANIFEST, RUN
from slideloom.segmentation import job as steps
from slideloom.segmentation.job import FILES, segment_slide
from slideloom.settings import settings
from slideloom.slides import Slide, open_slide
from tests.helpers.engines import Counting
from tests.helpers.files import contents, drawn_slide, write_png
from tests.helpers.processes import ended


@pytest.fixture(name="slide")
def _slide(tmp_path: Path) -> Iterator[Slide]:
    path = drawn_slide(tmp_path / "slide.png")
    with open_slide(path, 0.5) as slide:
        yield slide


def _job(slide: Slide, **changed: Any) -> SegmentCells:
    given = {"tile_size": 256, "overlap": 128, "tissue": "off", **changed}
    return SegmentCells(slide=str(slide.path), mpp=0.5, model="oracle", **given)


def _result(out: Path) -> dict[str, bytes]:
    found = contents(out)
    found.pop(RUN, None)
    return found


def test_a_job_leaves_exactly_its_files(slide: Slide, tmp_path: Path) -> None:
    summary = segment_slide(_job(slide), tmp_path / "out", slide, OracleEngine())
    assert set(_result(tmp_path / "out")) == {*FILES, MANIFEST}
    assert summary["cells"]["cells"] > 100
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_bytes())


@pytest.mark.parametrize(
    ("changed", "workers", "order"),
    [
        ({"batch_size": 1}, 1, sorted),
        ({"batch_size": 4}, 2, sorted),
        ({"batch_size": 3}, 2, lambda tasks: list(reversed(tasks))),
    ],
)
def test_bytes_do_not_depend_on_batch_order_or_threads(
    slide: Slide,
    tmp_path: Path,
    changed: dict[str, int],
    workers: int,
    order: Callable[[list[int]], list[int]],
) -> None:
    segment_slide(_job(slide), tmp_path / "one", slide, OracleEngine(), workers=1)
    segment_slide(
        _job(slide, **changed),
        tmp_path / "two",
        slide,
        OracleEngine(),
        workers=workers,
        order=order,
    )
    assert _result(tmp_path / "one") == _result(tmp_path / "two")


def test_bytes_do_not_depend_on_reader_threads(
    slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment_slide(_job(slide), tmp_path / "one", slide, OracleEngine())
    two = settings().model_copy(update={"readers": 2})
    monkeypatch.setattr(steps, "settings", lambda: two)
    segment_slide(_job(slide), tmp_path / "two", slide, OracleEngine())
    assert _result(tmp_path / "one") == _result(tmp_path / "two")


def test_a_finished_job_is_not_computed_again(slide: Slide, tmp_path: Path) -> None:
    first = segment_slide(_job(slide), tmp_path / "out", slide, OracleEngine())
    before = contents(tmp_path / "out")
    counting = Counting()
    assert segment_slide(_job(slide), tmp_path / "out", slide, counting) == first
    assert counting.tiles == 0
    assert contents(tmp_path / "out") == before


def test_a_failed_job_computes_only_what_is_missing(slide: Slide, tmp_path: Path) -> None:
    whole = Counting()
    segment_slide(_job(slide), tmp_path / "whole", slide, whole)
    failing = Counting(fail_at=17)
    with pytest.raises(EngineFailed, match=r"slide\.png, tile"):
        segment_slide(_job(slide), tmp_path / "out", slide, failing, workers=1)
    done = len(list((tmp_path / "out" / "parts").glob("*.part")))
    assert done == 4
    again = Counting()
    segment_slide(_job(slide), tmp_path / "out", slide, again)
    assert again.tiles == whole.tiles - 4 * done
    assert _result(tmp_path / "out") == _result(tmp_path / "whole")


_KILLED = """
import os, sys, threading
from pathlib import Path
from slideloom.engines.oracle import OracleEngine
from slideloom.parameters import SegmentCells
from slideloom.segmentation import job as steps
from slideloom.slides import open_slide
slide = open_slide(Path(sys.argv[1]), 0.5)
write = steps.write_part
def write_and_tell(*given):
    write(*given)
    print("part", flush=True)
    sys.stdin.readline()
steps.write_part = write_and_tell
wanted = SegmentCells(slide=sys.argv[1], mpp=0.5, model="oracle", tile_size=256, overlap=128,
                      tissue="off")
steps.segment_slide(wanted, Path(sys.argv[2]), slide, OracleEngine(), workers=1)
"""


def test_a_killed_job_computes_only_what_is_missing(slide: Slide, tmp_path: Path) -> None:
    whole = Counting()
    segment_slide(_job(slide), tmp_path / "whole", slide, whole)
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(slide.path), str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with ended(child):
        for _ in range(3):
            assert child.stdout.readline() == "part\n"
            child.stdin.write("\n")
            child.stdin.flush()
        os.kill(child.pid, signal.SIGKILL)
    kept = len(list((tmp_path / "out" / "parts").glob("*.part")))
    assert kept >= 3
    again = Counting()
    segment_slide(_job(slide), tmp_path / "out", slide, again)
    assert again.tiles <= whole.tiles - 4 * kept
    assert _result(tmp_path / "out") == _result(tmp_path / "whole")


def test_a_plan_for_another_engine_is_refused(slide: Slide, tmp_path: Path) -> None:
    steps.prepare(_job(slide), slide, OracleEngine().info, tmp_path / "out").folder.release()
    with pytest.raises(EngineFailed, match="start the job anew"):
        steps.run_tile_task(tmp_path / "out", 0, slide, OracleEngine(mpp=0.25), 4)


def test_a_renamed_slide_takes_up_its_parts(tmp_path: Path) -> None:
    first, second = drawn_slide(tmp_path / "first.png"), tmp_path / "second.png"
    whole = Counting()
    with open_slide(first, 0.5) as slide:
        segment_slide(_job(slide), tmp_path / "whole", slide, whole)
        with pytest.raises(EngineFailed):
            segment_slide(_job(slide), tmp_path / "out", slide, Counting(fail_at=17), workers=1)
    first.rename(second)
    again = Counting()
    with open_slide(second, 0.5) as slide:
        segment_slide(_job(slide), tmp_path / "out", slide, again)
    assert again.tiles == whole.tiles - 4 * 4
    for name in ("cells.parquet", "cells.geojson.gz", "combined.jpg"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_damaged_part_is_computed_again(slide: Slide, tmp_path: Path) -> None:
    segment_slide(_job(slide), tmp_path / "whole", slide, OracleEngine())
    with pytest.raises(EngineFailed):
        segment_slide(_job(slide), tmp_path / "out", slide, Counting(fail_at=17), workers=1)
    part = next((tmp_path / "out" / "parts").glob("*.part"))
    part.write_bytes(part.read_bytes()[:100])
    segment_slide(_job(slide), tmp_path / "out", slide, OracleEngine())
    assert _result(tmp_path / "out") == _result(tmp_path / "whole")


def test_a_slide_without_tissue_is_a_result_with_no_cells(tmp_path: Path) -> None:
    path = write_png(tmp_path / "glass.png", np.full((600, 800, 3), 243, np.uint8))
    with open_slide(path, 0.5) as slide:
        job = _job(slide, tissue="auto")
        summary = segment_slide(job, tmp_path / "out", slide, OracleEngine())
    assert summary["cells"]["cells"] == 0
    assert summary["tissue"]["area_mm2"] == 0
    assert summary["density_per_mm2"] is None
    assert summary["tiles"]["segmented"] == 0
    assert set(_result(tmp_path / "out")) == {*FILES, MANIFEST}


@pytest.mark.parametrize("tile_size", [256, 320, 512, 1024])
def test_cells_do_not_depend_on_which_tiles_are_skipped(tmp_path: Path, tile_size: int) -> None:
    """Tissue on one side only: tiles off it are skipped, cells on it are the same."""
    pixels = np.full((700, 1400, 3), 245, np.uint8)
    with open_slide(drawn_slide(tmp_path / "tissue.png"), 0.5) as drawn:
        pixels[:, :650] = drawn.read(0, 0, 0, 650, 700)
    path = write_png(tmp_path / "slide.png", pixels)
    with open_slide(path, 0.5) as slide:
        outs = []
        for size in (2048, tile_size):
            out = tmp_path / str(size)
            job = _job(slide, tissue="auto", tile_size=size)
            summary = segment_slide(job, out, slide, OracleEngine())
            outs.append((summary["cells"]["cells"], _ids(out)))
    assert outs[0] == outs[1]
    assert summary["tiles"]["skipped"] > 0 or tile_size == 1024


def _ids(out: Path) -> list[str]:
    ids: list[str] = pq.read_table(out / "cells.parquet", columns=["id"])["id"].to_pylist()
    return sorted(ids)
