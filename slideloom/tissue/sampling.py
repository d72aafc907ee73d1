"""Normalisation constants of a slide, once, from a fixed sample of its tissue.

InstanSeg normalises with the 0.1 and 99.9 percentiles of its input. Taken tile by tile they make
the result depend on the tiles; here they come from blocks of a grid of their own, at the model's
pixel size, whatever the tile size.
"""

import numpy as np

from slideloom.arrays import Float64, Int64
from slideloom.normalisation import Normalisation, from_histogram, histogram
from slideloom.slides import GridReader
from slideloom.tissue.mask import TissueMask

BLOCK_PX = 256
MAX_BLOCKS = 64
"""Four million pixels: four thousand beyond each 0.1 percentile."""


def normalisation_constants(reader: GridReader, tissue: TissueMask) -> Normalisation:
    """Percentiles of the tissue's pixels at the model's pixel size; no tissue gives `IDENTITY`.

    Raises:
        SlideUnreadable: The file breaks at one of the blocks.
    """
    counts = np.zeros((3, 256), np.int64)
    for column, row in sample_blocks(reader, tissue):
        counts += _count(reader, tissue, int(column) * BLOCK_PX, int(row) * BLOCK_PX)
    return from_histogram(counts)


def _count(reader: GridReader, tissue: TissueMask, x: int, y: int) -> Int64:
    """(3, 256) counts of the block's pixels whose centres lie in tissue."""
    width = min(BLOCK_PX, reader.width_px - x)
    height = min(BLOCK_PX, reader.height_px - y)
    centres_x = (x + np.arange(width, dtype=np.float64) + 0.5) * reader.scale[0]
    centres_y = (y + np.arange(height, dtype=np.float64) + 0.5) * reader.scale[1]
    inside = tissue.covers(centres_x[None, :], centres_y[:, None])
    if not inside.any():
        return np.zeros((3, 256), np.int64)
    return histogram(reader.read(x, y, width, height)[inside])


def sample_blocks(reader: GridReader, tissue: TissueMask) -> Int64:
    """(n, 2) column and row of the blocks to read: all with tissue, or `MAX_BLOCKS` of them.

    Systematic sampling along a Z-order curve, each block with the weight of its tissue: blocks that
    follow each other on the curve are neighbours, so equal steps of tissue spread evenly over the
    pieces, and each piece gets its share.
    """
    weight = _tissue_pixels(reader, tissue)
    row, column = np.nonzero(weight)
    order = np.argsort(_z_order(column, row), kind="stable")
    blocks = np.stack([column[order], row[order]], axis=1)
    if len(blocks) <= MAX_BLOCKS:
        return blocks
    cumulative = np.cumsum(weight[row, column][order])
    # Whole numbers: the middles of equal steps of the total, without rounding of floats.
    middles = (2 * np.arange(MAX_BLOCKS) + 1) * cumulative[-1] // (2 * MAX_BLOCKS)
    chosen: Int64 = blocks[np.unique(np.searchsorted(cumulative, middles, side="right"))]
    return chosen


def _tissue_pixels(reader: GridReader, tissue: TissueMask) -> Int64:
    """(rows, columns) int64: mask pixels with tissue that each block reaches into."""
    left, right = _reach(reader.width_px, reader.scale[0], tissue.width_px)
    top, bottom = _reach(reader.height_px, reader.scale[1], tissue.height_px)
    total = np.pad(tissue.mask.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    x0, x1 = tissue.columns(left), tissue.columns(right) + 1
    y0, y1 = tissue.rows(top)[:, None], tissue.rows(bottom)[:, None] + 1
    counts: Int64 = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0]
    return counts


def _reach(size_px: int, scale: float, slide_px: int) -> tuple[Float64, Float64]:
    """First and last level-0 position of each block along an axis of `size_px` model pixels."""
    starts = np.arange(0, size_px, BLOCK_PX, dtype=np.float64)
    ends = np.minimum(starts + BLOCK_PX, size_px) * scale
    last: Float64 = np.nextafter(np.minimum(ends, float(slide_px)), -np.inf)
    return starts * scale, last


def _z_order(column: Int64, row: Int64) -> Int64:
    """Place on the Z-order (Morton) curve: the bits of column and row, interleaved."""
    place: Int64 = np.zeros_like(column)
    for bit in range(24):
        place |= (column >> bit & 1) << (2 * bit) | (row >> bit & 1) << (2 * bit + 1)
    return place
