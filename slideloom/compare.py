"""What batching, tissue skipping and overlap cost and save on a slide, measured in one run."""

import time
from dataclasses import dataclass
from pathlib import Path

import shapely

from slideloom.agreement import agreement
from slideloom.arrays import UInt8
from slideloom.cells.measures import polygons
from slideloom.cells.merge import merge
from slideloom.engines.base import Engine
from slideloom.segmentation.merging import by_rows
from slideloom.segmentation.plan import Plan, make_plan
from slideloom.segmentation.tiles import segment_tiles
from slideloom.slides import GridReader, Level, PixelSize, Slide
from slideloom.tissue import TissueMask, detect_tissue

_NO_FINGERPRINT = "0" * 64


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of segmenting the window.

    Attributes:
        what: What is varied.
        setting: How it is set.
        tiles: Tiles segmented.
        seconds: Wall time of reading, segmenting and merging.
        cells: Cells in the result.
        f1: Agreement with the first variant at IoU 0.5.
    """

    what: str
    setting: str
    tiles: int
    seconds: float
    cells: int
    f1: float


class Window(Slide):
    """A rectangle of another slide's level 0, as a slide of its own."""

    def __init__(self, slide: Slide, x: int, y: int, width: int, height: int) -> None:
        """Level-0 pixels."""
        self._slide, self._x, self._y = slide, x, y
        self.path = slide.path
        self.format = slide.format
        self.mpp: PixelSize = slide.mpp
        self.levels = (Level(width, height, 1.0, 1.0),)

    def read(self, level: int, x: int, y: int, width: int, height: int) -> UInt8:
        """Pixels of the window; white beyond it is the other slide's business at its own edge."""
        return self._slide.read(level, self._x + x, self._y + y, width, height)

    def files(self) -> tuple[Path, ...]:
        """The other slide's files."""
        return self._slide.files()

    def close(self) -> None:
        """Nothing: the other slide stays open."""


def window_of(slide: Slide, side_px: int) -> Slide:
    """The slide itself where it is small, else the square of it with the most tissue."""
    if slide.width_px <= side_px and slide.height_px <= side_px:
        return slide
    tissue = detect_tissue(slide)
    width, height = min(side_px, slide.width_px), min(side_px, slide.height_px)
    best = max(
        (_tissue_in(tissue, x, y, width, height), -y, -x)
        for y in range(0, slide.height_px - height + 1, max(1, height // 2))
        for x in range(0, slide.width_px - width + 1, max(1, width // 2))
    )
    return Window(slide, -best[2], -best[1], width, height)


def _tissue_in(tissue: TissueMask, x: int, y: int, width: int, height: int) -> int:
    """Of a coarse grid of points in a rectangle, how many lie on tissue."""
    steps = 24
    points = [
        (x + (i + 0.5) * width / steps, y + (j + 0.5) * height / steps)
        for i in range(steps)
        for j in range(steps)
    ]
    return sum(tissue.touches(px, py, px + 1, py + 1) for px, py in points)


def compare(slide: Slide, engine: Engine, tile_px: int, batch_size: int) -> list[Variant]:
    """Vary one thing at a time against the exact overlap, batched, tissue found."""
    tissue, everywhere = detect_tissue(slide), TissueMask.everywhere(slide)
    exact = min(engine.info.exact_overlap_px, tile_px // 2 // 16 * 16)
    settings = [
        ("overlap", f"{exact} px", exact, batch_size, tissue),
        ("overlap", "128 px", min(128, exact), batch_size, tissue),
        ("overlap", "0 px", 0, batch_size, tissue),
        ("batch", "1 tile", exact, 1, tissue),
        ("tissue", "off", exact, batch_size, everywhere),
    ]
    _run(slide, engine, _plan(slide, engine, tile_px, exact, tissue), batch_size, warm_up=True)
    variants, reference = list[Variant](), list[shapely.Polygon]()
    for what, setting, overlap, batch, mask in settings:
        plan = _plan(slide, engine, tile_px, overlap, mask)
        seconds, cells = _run(slide, engine, plan, batch)
        reference = reference or cells
        f1 = agreement(reference, cells).f1
        variants.append(Variant(what, setting, plan.tiles_kept, seconds, len(cells), f1))
    return variants


def _plan(slide: Slide, engine: Engine, tile_px: int, overlap_px: int, tissue: TissueMask) -> Plan:
    return make_plan(slide, _NO_FINGERPRINT, engine.info, tissue, tile_px, overlap_px)


def _run(
    slide: Slide, engine: Engine, plan: Plan, batch_size: int, warm_up: bool = False
) -> tuple[float, list[shapely.Polygon]]:
    """Seconds and outlines of one run; a warm-up stops after the first tile task."""
    reader = GridReader(slide, engine.info.mpp)
    tasks = range(min(1, len(plan.tasks)) if warm_up else len(plan.tasks))
    began = time.perf_counter()
    parts = [segment_tiles(plan, task, reader, engine, batch_size).cells for task in tasks]
    rows = [row.cells for row in merge(by_rows(parts, plan.grid), plan.grid)]
    seconds = time.perf_counter() - began
    return seconds, [shape for row in rows if len(row) for shape in polygons(row.xy, row.offsets)]
