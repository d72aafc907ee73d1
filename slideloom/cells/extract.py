"""From a tile's labels to the cells that it reports: those it owns, and those near its seams."""

from dataclasses import replace

import numpy as np

from slideloom.arrays import Bool, Int32, Int64, UInt8
from slideloom.cells.labels import canonical
from slideloom.cells.measures import MEASURES, measure, pixel_sums
from slideloom.cells.outlines import trace
from slideloom.cells.table import Cells
from slideloom.grid import Grid, Tile

LARGEST_SEAM_PX = 16
"""Width of the seam band in model pixels; a quarter of the overlap where that is less. Two copies
of a cell differ by a few pixels at most, and this deep in its overlap a tile still sees enough."""


def seam_px(grid: Grid) -> int:
    """Width of the band beside a core line in which a tile also reports cells it does not own."""
    return min(LARGEST_SEAM_PX, grid.overlap_px // 4)


def extract(labels: Int32, pixels: UInt8, tile: Tile, grid: Grid) -> Cells:
    """The cells that a tile reports.

    Reported are the cells whose centroid lies in the tile's core, and of the others those that
    the owner may see worse: with the centroid within the seam band, or reaching beyond the edge
    of their owner's tile.

    Args:
        labels: (h, w) int32 labels of the tile as the engine gave them.
        pixels: (h, w, 3) uint8 the tile's pixels, for stain intensities.
        tile: Where the tile lies.
        grid: The slide's grid.
    """
    clean = canonical(labels)
    if not clean.any():
        return Cells.empty(len(MEASURES))
    rings, sums = trace(clean), pixel_sums(clean, pixels)
    measures = measure(sums, rings)
    cells = Cells(
        tile_row=np.full(len(sums.count), tile.row, np.int32),
        tile_column=np.full(len(sums.count), tile.column, np.int32),
        owned=np.zeros(len(sums.count), bool),
        cut=np.zeros(len(sums.count), bool),
        count=sums.count,
        sum_x=sums.x + sums.count * tile.rect.x0,
        sum_y=sums.y + sums.count * tile.rect.y0,
        measures=np.stack([getattr(measures, name) for name in MEASURES], axis=1),
        xy=rings.xy + np.array([tile.rect.x0, tile.rect.y0], np.int32),
        offsets=rings.offsets,
    )
    return _reported(cells, tile, grid)


def _reported(cells: Cells, tile: Tile, grid: Grid) -> Cells:
    bounds = cells.bounds
    column = grid.x_axis.owner(cells.sum_x, cells.count)
    row = grid.y_axis.owner(cells.sum_y, cells.count)
    owned = (column == tile.column) & (row == tile.row)
    near = _in_seam(cells, tile, grid)
    cut = _touches_inner_edge(bounds, np.array(tile.column), np.array(tile.row), grid)
    cut_for_owner = _touches_inner_edge(bounds, column, row, grid)
    told = replace(cells, owned=owned, cut=cut)
    return told.take(np.flatnonzero(owned | near | cut_for_owner))


def _touches_inner_edge(bounds: Int64, column: Int64, row: Int64, grid: Grid) -> Bool:
    """(k,) bool: does the box reach an edge of the tile there that is not an edge of the slide?"""
    x0, y0 = column * grid.x_axis.stride_px, row * grid.y_axis.stride_px
    x1, y1 = x0 + grid.tile_px, y0 + grid.tile_px
    touches: Bool = (
        ((bounds[:, 0] <= x0) & (x0 > 0))
        | ((bounds[:, 1] <= y0) & (y0 > 0))
        | ((bounds[:, 2] >= x1) & (x1 < grid.width_px))
        | ((bounds[:, 3] >= y1) & (y1 < grid.height_px))
    )
    return touches


def _in_seam(cells: Cells, tile: Tile, grid: Grid) -> Bool:
    """(k,) bool: does the centroid lie within the seam band round the core?"""
    band, core = seam_px(grid), tile.core
    x, y = cells.centroid_x, cells.centroid_y
    return (
        (x >= core.x0 - band) & (x < core.x1 + band) & (y >= core.y0 - band) & (y < core.y1 + band)
    )
