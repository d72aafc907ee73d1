"""Outlines of cells, drawn as coverage: how much of each pixel the lines take.

One byte a pixel, whatever the number of cells. The colour comes later: the picture with outlines is
the slide with the colour laid over it by coverage, and the overlay has the coverage as its alpha.
"""

import cv2
import numpy as np

from slideloom.arrays import Float64, Int32, Int64, UInt8
from slideloom.drawing.frame import Frame

_NUCLEUS_UM = 8.0
_LINES_PER_NUCLEUS = 12
"""A line is a twelfth of a nucleus wide: seen, and yet little against what it surrounds."""
_MAX_WIDTH_PX = 3
_FILLED_BELOW_PX2 = 7.0
"""A disc of 3 px: an outline would leave nothing inside."""
_SMOOTH_RIM_PX = 0.75
"""OpenCV's anti-aliased fill reaches so far beyond the polygon; without it small cells swell."""
_STRENGTH = 1.7
"""An anti-aliased line of 1 px gives two neighbouring pixels about half each: too faint to see."""
_FRACTION_BITS = 4
"""OpenCV takes coordinates in sixteenths of a pixel."""
_FARTHEST_PX = 2.0**20


def line_width(um_per_px: float) -> int:
    """Width of an outline in px, adapted to how large a nucleus appears."""
    nucleus_px = _NUCLEUS_UM / um_per_px
    return int(min(max(round(nucleus_px / _LINES_PER_NUCLEUS), 1), _MAX_WIDTH_PX))


def draw(
    coverage: UInt8, frame: Frame, coords: Float64, offsets: Int64, areas_um2: Float64
) -> None:
    """Add the outlines of k cells to `coverage`; cells too small for a line are filled.

    Args:
        coverage: (height_px, width_px) uint8, changed in place.
        frame: The picture's frame.
        coords: (n, 2) level-0 px.
        offsets: (k + 1,) int64; ring i is `coords[offsets[i]:offsets[i + 1]]`, not closed, and has
            at least one point.
        areas_um2: (k,) areas.
    """
    areas_px2 = areas_um2 / frame.um_per_px**2
    small = areas_px2 < _FILLED_BELOW_PX2
    placed = frame.place(coords)
    outlined = _rings(_fixed_point(placed), offsets, np.flatnonzero(~small))
    shrunk = _fixed_point(_shrunk(placed, offsets, np.where(small, areas_px2, np.inf)))
    filled = _rings(shrunk, offsets, np.flatnonzero(small))
    width = line_width(frame.um_per_px)
    if outlined:
        cv2.polylines(coverage, outlined, True, 255, width, cv2.LINE_AA, _FRACTION_BITS)
    for ring in filled:
        # One at a time: OpenCV fills several by the even-odd rule, and overlaps would vanish.
        cv2.fillPoly(coverage, [ring], 255, cv2.LINE_AA, _FRACTION_BITS)


def _fixed_point(xy: Float64) -> Int32:
    """OpenCV's coordinates: pixel centres at whole numbers, in fractions of a pixel."""
    centred = np.clip(xy - 0.5, -_FARTHEST_PX, _FARTHEST_PX)
    points: Int32 = np.rint(centred * 2**_FRACTION_BITS).astype(np.int32)
    return points


def alpha(coverage: UInt8) -> UInt8:
    """How strongly the colour shows at each coverage: thin lines are lifted, none stays none."""
    lifted = np.minimum(np.arange(256) * _STRENGTH, 255).astype(np.uint8)
    strength: UInt8 = lifted[coverage]
    return strength


def centres(coords: Float64, offsets: Int64) -> Float64:
    """(k, 2) middle of each ring's bounding box: good to a pixel, and sound for any ring."""
    if len(offsets) == 1:
        return np.zeros((0, 2))
    low = np.minimum.reduceat(coords, offsets[:-1], axis=0)
    high = np.maximum.reduceat(coords, offsets[:-1], axis=0)
    middle: Float64 = (low + high) / 2
    return middle


def _shrunk(xy: Float64, offsets: Int64, areas_px2: Float64) -> Float64:
    """(n, 2) points, each ring drawn in towards its centre by the rim that filling adds."""
    radius = np.maximum(np.sqrt(areas_px2 / np.pi), 1e-6)
    factor = np.maximum(1.0 - _SMOOTH_RIM_PX / radius, 0.0)
    lengths = np.diff(offsets)
    middle = np.repeat(centres(xy, offsets), lengths, axis=0)
    shrunk: Float64 = middle + (xy - middle) * np.repeat(factor, lengths)[:, None]
    return shrunk


def _rings(points: Int32, offsets: Int64, chosen: Int64) -> list[Int32]:
    starts, ends = offsets[:-1][chosen].tolist(), offsets[1:][chosen].tolist()
    return [points[start:end] for start, end in zip(starts, ends, strict=True)]
