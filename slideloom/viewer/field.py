"""How dense the cells are at one level of a slide, for views from afar.

Counted in squares of a few pixels of the level, smoothed a little, and interpolated between their
centres. A level has one field, so tiles meet at their seams; its colours end at a high percentile
of the squares that hold cells, so that neither a crowded follicle nor a crowded slide saturates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from slideloom.arrays import Float32, Int32, Int64, UInt8
from slideloom.viewer.piece import UNITS
from slideloom.viewer.pyramid import Pyramid

BIN_PX = 8
"""Side of a square, in pixels of the level; a tile is a whole number of them."""
_SIGMA_BINS = 1.0
_TOP_PERCENT = 99.0
_LEAST = 0.02
"""Below so much of the top nothing is shown: the far tails of the smoothing."""


@dataclass(frozen=True, slots=True)
class Field:
    """The density at one level.

    Attributes:
        values: (rows + 2, columns + 2) float32 smoothed number of cells per square, with the outer
            squares repeated, so that the level's edge is interpolated as its inside is.
        top: The value at which the colours end; above zero.
    """

    values: Float32
    top: float

    def tile(self, pyramid: Pyramid, level: int, x: int, y: int) -> UInt8:
        """(h, w) uint8 of a tile: 0 where there are no cells, 255 from the top on."""
        width, height = pyramid.size(level, x, y)
        side = pyramid.tile_px // BIN_PX
        left, top = x * side, y * side
        # One square more on each side, to interpolate as if the level were drawn as a whole.
        around = self.values[top : top + side + 2, left : left + side + 2]
        size = (around.shape[1] * BIN_PX, around.shape[0] * BIN_PX)
        fine = np.asarray(cv2.resize(around, size, interpolation=cv2.INTER_LINEAR))
        share = fine[BIN_PX : BIN_PX + height, BIN_PX : BIN_PX + width] / self.top
        shown = np.where(share < _LEAST, 0, np.ceil(np.minimum(share, 1) * 255))
        return shown.astype(np.uint8)


def field_of(centroids: Sequence[Int32], pyramid: Pyramid, level: int) -> Field:
    """The density of cells with these centroids.

    Args:
        centroids: (2, k) int32 x and y in hundredths of a level-0 px, piece by piece.
        pyramid: The slide's levels.
        level: Which one.
    """
    width, height = pyramid.level_size(level)
    rows, columns = -(-height // BIN_PX), -(-width // BIN_PX)
    counts = np.zeros(rows * columns, np.int64)
    for each in centroids:
        counts += np.bincount(
            _bins(each, pyramid.scale(level), rows, columns), minlength=len(counts)
        )
    return _smoothed(counts.reshape(rows, columns))


def _bins(centroids: Int32, scale: int, rows: int, columns: int) -> Int64:
    """(k,) the square of each centroid; those off the slide go to its edge."""
    x, y = centroids.astype(np.int64) // (UNITS * scale * BIN_PX)
    place: Int64 = np.clip(y, 0, rows - 1) * columns + np.clip(x, 0, columns - 1)
    return place


def _smoothed(counts: Int64) -> Field:
    values = cv2.GaussianBlur(
        counts.astype(np.float32), (0, 0), _SIGMA_BINS, borderType=cv2.BORDER_CONSTANT
    ).reshape(counts.shape)
    held = values[counts > 0]
    top = float(np.percentile(held, _TOP_PERCENT)) if len(held) else 1.0
    return Field(np.pad(values.astype(np.float32), 1, mode="edge"), max(top, 1e-6))
