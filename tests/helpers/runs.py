"""Plan, tiles and merge without a folder: what tiling tests compare."""

import numpy as np

from slideloom.cells.merge import Merged, merge
from slideloom.engines.base import Engine
from slideloom.segmentation.merging import by_rows
from slideloom.segmentation.plan import Plan, make_plan
from slideloom.segmentation.tiles import segment_tiles
from slideloom.slides import GridReader, Slide
from slideloom.tissue import TissueMask


def plan_for(
    slide: Slide, engine: Engine, tile_px: int, overlap_px: int, tissue: TissueMask | None = None
) -> Plan:
    mask = tissue or TissueMask.everywhere(slide)
    return make_plan(slide, "0" * 64, engine.info, mask, tile_px, overlap_px)


def merged_cells(slide: Slide, engine: Engine, plan: Plan, batch_size: int = 4) -> list[Merged]:
    reader = GridReader(slide, engine.info.mpp)
    parts = [
        segment_tiles(plan, task, reader, engine, batch_size).cells
        for task in range(len(plan.tasks))
    ]
    return list(merge(by_rows(parts, plan.grid), plan.grid))


def outlines(rows: list[Merged]) -> list[bytes]:
    """The outline of every cell as bytes, sorted: equal lists, pixel-identical cells."""
    found = []
    for row in rows:
        found += [ring.tobytes() for ring in np.split(row.cells.xy, row.cells.offsets[1:-1])]
    return sorted(ring for ring in found if ring)


def untiled(slide: Slide, engine: Engine) -> list[bytes]:
    reader = GridReader(slide, engine.info.mpp)
    side = -(-max(reader.width_px, reader.height_px, 64) // 16) * 16
    return outlines(merged_cells(slide, engine, plan_for(slide, engine, side, 0)))
