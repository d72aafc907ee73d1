"""`slideloom segment`: one slide, from pixels to a result folder."""

import time
from pathlib import Path
from typing import Any, Literal

from deployments.cli.inputs import absolute, check_engine, job_of
from deployments.cli.quiet import quieten
from deployments.cli.running import run_flow
from deployments.cli.show import console, print_rows, progress_shown
from slideloom.engines.memory import keep_freed_memory
from slideloom.parameters import SegmentCells
from slideloom.results.folder import MANIFEST


def segment(
    slide: Path,
    *,
    out: Path,
    model: str | None = None,
    mpp: float | None = None,
    tissue: str | None = None,
    tile_size: int | None = None,
    overlap: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    on_bad_tile: Literal["fail", "gap"] | None = None,
) -> int:
    """Segment every nucleus of a slide.

    Args:
        slide: The slide: anything OpenSlide reads, or a plain image.
        out: Folder of the result; a rerun takes up an unfinished one.
        model: Model name, or path of a recorded model file (see `slideloom models`).
        mpp: µm per level-0 pixel, where the slide does not say it or says it wrong.
        tissue: `auto`, `off`, or the path of a mask (PNG or GeoJSON).
        tile_size: Side of a tile in model pixels, a multiple of 16.
        overlap: What neighbouring tiles share in model pixels, a multiple of 16.
        batch_size: Tiles in one forward pass.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        on_bad_tile: What a tile does that cannot be segmented: `fail` the run, or be left out as a
            `gap` that the result lists.
    """
    job = job_of(
        SegmentCells,
        slide=absolute(slide),
        model=model,
        mpp=mpp,
        tissue=absolute(Path(tissue)) if tissue not in {None, "auto", "off"} else tissue,
        tile_size=tile_size,
        overlap=overlap,
        batch_size=batch_size,
        device=device,
        on_bad_tile=on_bad_tile,
    )
    folder = absolute(out)
    check(job, Path(folder))
    there = (Path(folder) / MANIFEST).exists()
    began = time.perf_counter()
    summary = run_segmentation(job, folder)
    seconds = None if there else time.perf_counter() - began
    print_summary(summary, Path(folder), seconds)
    return 0


def check(job: SegmentCells, out: Path) -> None:
    """Refuse bad input before anything is started.

    Raises:
        BadInput: Slide, model, device or folder cannot be used.
    """
    from slideloom.grid import Grid
    from slideloom.results.folder import check_writable
    from slideloom.slides import open_slide
    from slideloom.tissue import load_mask

    check_engine(job.model, job.device)
    with open_slide(job.slide, job.mpp) as opened:
        Grid(opened.width_px, opened.height_px, job.tile_size, job.overlap)
        if job.tissue not in {"auto", "off"}:
            load_mask(Path(job.tissue), opened)
    check_writable(out)


def run_segmentation(job: SegmentCells, folder: str) -> dict[str, Any]:
    """Run the flow in this process with its progress shown."""
    keep_freed_memory()
    quieten()
    from flows.segment_cells import segment_cells

    with progress_shown(folder):
        return run_flow(lambda: segment_cells(job, folder))


def print_summary(summary: dict[str, Any], out: Path, seconds: float | None) -> None:
    """The closing table: cells, density, time by stage, pictures.

    Args:
        summary: The result's summary.
        out: The result folder.
        seconds: What the run took; None where the result was there already.
    """
    from slideloom.segmentation.report import summary_rows, time_rows

    rows = summary_rows(summary)
    if seconds is None:
        rows.append(("time", "none: this result was there already"))
    else:
        rows += time_rows(summary, out, seconds)
    print_rows(f"{summary['slide']['name']}", rows)
    if not summary["tiles"]["exact"]:
        console.print(summary["tiles"]["advice"])
    console.print(f"\npictures  {out / 'combined.jpg'}")
    console.print(f"for QuPath {out / 'cells.geojson.gz'}")
    console.print(f"for Python {out / 'cells.parquet'}")
