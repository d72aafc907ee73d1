"""What goes wrong in a tile task: retried, else told in the engine's own words; never half-made."""

import asyncio
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from flows.segment_cells import segment_cells
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed, OutputConflict, OutputUnwritable, SlideUnreadable
from slideloom.parameters import SegmentCells
from slideloom.progress import Progress, Stopped, progress_of, watching
from slideloom.results.folder import PARTS, RUN
from slideloom.segmentation.job import segment_slide
from slideloom.slides import Slide, open_slide
from tasks import planning, tiles
from tests.helpers.engines import Counting
from tests.helpers.files import contents, drawn_slide


def _job(slide: Path) -> SegmentCells:
    given: dict[str, Any] = {"tile_size": 256, "overlap": 128, "tissue": "off"}
    return SegmentCells(slide=str(slide), mpp=0.5, model="oracle", **given)


def _with(engine: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (planning, tiles):
        monkeypatch.setattr(module, "shared_engine", lambda *_: engine)


def _bare(slide: Path, out: Path) -> dict[str, bytes]:
    with open_slide(slide, 0.5) as opened:
        segment_slide(_job(slide), out, opened, OracleEngine())
    return contents(out)


def test_a_passing_fault_is_retried_and_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide, out = drawn_slide(tmp_path / "slide.png"), tmp_path / "out"
    _with(Counting(fail_at=9, times=2), monkeypatch)
    seen: list[tuple[int, int]] = []

    def note(progress: Progress) -> None:
        seen.append((progress.done, progress.total))

    with watching(str(out), note):
        asyncio.run(segment_cells(_job(slide), str(out)))
    assert max(done for done, _ in seen) == 35
    found = contents(out)
    del found[RUN]
    assert found == _bare(slide, tmp_path / "bare")


def test_a_lasting_fault_ends_the_run_and_a_rerun_takes_up_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide, out = drawn_slide(tmp_path / "slide.png"), tmp_path / "out"
    _with(Counting(fail_at=20), monkeypatch)
    with pytest.raises(EngineFailed, match=r"slide\.png, tile .*told to fail"):
        asyncio.run(segment_cells(_job(slide), str(out)))
    kept = list((out / PARTS).glob("*.part"))
    assert kept
    again = Counting()
    _with(again, monkeypatch)
    asyncio.run(segment_cells(_job(slide), str(out)))
    assert again.tiles == 35 - 4 * len(kept)
    found = contents(out)
    del found[RUN]
    assert found == _bare(slide, tmp_path / "bare")


def test_a_slide_that_breaks_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = drawn_slide(tmp_path / "slide.png"), tmp_path / "out"

    def broken(*_: Any) -> Slide:
        raise SlideUnreadable(f"{path} breaks at level 0, pixel (256, 512)")

    monkeypatch.setattr(tiles, "shared_slide", broken)
    with pytest.raises(SlideUnreadable, match="breaks at level 0"):
        asyncio.run(segment_cells(_job(path), str(out)))
    assert not out.exists()


def test_a_second_run_in_the_same_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    slide, out = drawn_slide(tmp_path / "slide.png"), tmp_path / "out"
    attempts: list[str] = []

    def second(progress: Progress) -> None:
        if progress.stage == "segment" and not attempts:
            attempts.append(progress.attempt)
            with pytest.raises(OutputConflict, match="another run"):
                _claim_again(slide, out)

    with watching(str(out), second):
        asyncio.run(segment_cells(_job(slide), str(out)))
    assert len(attempts) == 1
    with pytest.raises(Stopped):
        progress_of(attempts[0])
    found = contents(out)
    del found[RUN]
    assert found == _bare(slide, tmp_path / "bare")


def test_a_full_disk_half_way_leaves_nothing(tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: the system refuses the picture's bytes."""
    slide, out = drawn_slide(tmp_path / "slide.png"), tmp_path / "out"
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard[1]))
        with pytest.raises(OutputUnwritable, match="no room left"):
            asyncio.run(segment_cells(_job(slide), str(out)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, hard)
        signal.signal(signal.SIGXFSZ, before)
    assert not out.exists()


def _claim_again(slide: Path, out: Path) -> None:
    with open_slide(slide, 0.5) as opened:
        segment_slide(_job(slide), out, opened, OracleEngine())
