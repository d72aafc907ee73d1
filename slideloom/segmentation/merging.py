"""From parts to `cells.parquet` and `cells.geojson.gz`, streamed by rows of tiles."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from slideloom.cells.measures import MEASURES
from slideloom.cells.merge import merge
from slideloom.cells.table import Cells
from slideloom.grid import Grid
from slideloom.results.final import finish, on_tissue_only
from slideloom.results.folder import ResultFolder
from slideloom.results.geojson import geojson_cells
from slideloom.results.geoparquet import parquet_cells
from slideloom.results.parts import read_part
from slideloom.segmentation.plan import Plan
from slideloom.segmentation.quarantine import stored_key
from slideloom.tissue import TissueMask

PARQUET = "cells.parquet"
GEOJSON = "cells.geojson.gz"


@dataclass(slots=True)
class MergeCounts:
    """What the merge did.

    Attributes:
        reported: Cells that tiles reported, copies included.
        cells: Cells in the result.
        clipped: Of these, cells that no tile saw whole.
        rescued: Of these, cells taken from a neighbour of their owner.
        off_tissue: Cells left out because their centroid lies off the tissue.
    """

    reported: int = 0
    cells: int = 0
    clipped: int = 0
    rescued: int = 0
    off_tissue: int = 0

    def as_dict(self) -> dict[str, int]:
        """For the summary."""
        return asdict(self)


def merge_parts(plan: Plan, tissue: TissueMask, folder: ResultFolder) -> MergeCounts:
    """Merge all parts of a plan and write both cell files.

    Raises:
        FileNotFoundError: A part is missing: its tile task has not run.
    """
    counts = MergeCounts()
    with ExitStack() as stack:
        parquet = stack.enter_context(parquet_cells(stack.enter_context(folder.replacing(PARQUET))))
        geojson = stack.enter_context(geojson_cells(stack.enter_context(folder.replacing(GEOJSON))))
        rows = _counted(by_rows(_parts(plan, folder.path), plan.grid), counts)
        for merged in merge(rows, plan.grid):
            covered = tissue.covers(*plan.frame.centroids(merged.cells))
            kept = on_tissue_only(merged, covered)
            counts.off_tissue += int((~covered).sum())
            counts.cells += len(kept.cells)
            counts.clipped += int(kept.clipped.sum())
            counts.rescued += int(kept.rescued.sum())
            final = finish(kept, plan.frame)
            parquet.add(final)
            geojson.add(final)
    return counts


def _parts(plan: Plan, folder: Path) -> Iterator[Cells]:
    for task in range(len(plan.tasks)):
        yield read_part(folder, stored_key(plan, folder, task))


def by_rows(parts: Iterable[Cells], grid: Grid) -> Iterator[Cells]:
    """One batch of cells for every row of tiles, from parts in the order of their tiles."""
    waiting: list[Cells] = []
    row = 0
    for cells in parts:
        while len(cells) and cells.tile_row[-1] > row:
            split = int(np.searchsorted(cells.tile_row, row, side="right"))
            yield _together([*waiting, cells.take(np.arange(split))])
            cells, waiting = cells.take(np.arange(split, len(cells))), []
            row += 1
        waiting.append(cells)
    yield _together(waiting)
    for _ in range(row + 1, grid.rows):
        yield _together([])


def _together(batches: list[Cells]) -> Cells:
    return Cells.concatenate(batches or [Cells.empty(len(MEASURES))])


def _counted(rows: Iterable[Cells], counts: MergeCounts) -> Iterator[Cells]:
    for cells in rows:
        counts.reported += len(cells)
        yield cells
