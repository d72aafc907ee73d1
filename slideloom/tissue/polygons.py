"""Between masks and polygons, without loss: pixel edges one way, pixel centres the other.

A polygon's pixels are those whose centres it holds. Outlines that run along pixel edges keep half
a pixel away from every centre, so a mask that becomes polygons and a mask again is the same mask.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from slideloom.arrays import Bool, Float64
from slideloom.tissue.mask import TissueMask
from slideloom.tissue.rings import trace

Area: TypeAlias = Polygon | MultiPolygon


def outlines(tissue: TissueMask) -> list[Polygon]:
    """Valid polygons in level-0 px, with holes, that cover exactly the tissue.

    One polygon per 4-connected piece, in reading order of their first pixels; only corners are
    vertices. Pieces may meet at a corner, as OGC's rules allow.
    """
    xs, ys = tissue.column_edges(), tissue.row_edges()
    shells: dict[int, Float64] = {}
    holes: dict[int, list[Float64]] = {}
    for ring in trace(tissue.mask):
        path = np.stack([xs[ring.x], ys[ring.y]], axis=1)
        if ring.is_hole:
            holes.setdefault(ring.piece, []).append(path)
        else:
            shells[ring.piece] = path
    return [Polygon(shells[piece], holes.get(piece, [])) for piece in sorted(shells)]


def rasterise(areas: Iterable[Area], columns: Float64, rows: Float64) -> Bool:
    """The pixels whose centres lie in any of the areas.

    Args:
        areas: Polygons and multipolygons; self-crossing rings count by the even-odd rule.
        columns: (w,) increasing x of the pixel centres.
        rows: (h,) increasing y of the pixel centres.

    Returns:
        (h, w) bool.
    """
    mask = np.zeros((len(rows), len(columns)), np.bool_)
    for area in areas:
        for polygon in area.geoms if isinstance(area, MultiPolygon) else (area,):
            if not polygon.is_empty:
                _add(mask, polygon, columns, rows)
    return mask


def _add(mask: Bool, polygon: Polygon, columns: Float64, rows: Float64) -> None:
    """Set the pixels of one polygon, working on its bounding box only."""
    x0, y0, x1, y1 = polygon.bounds
    left, right = np.searchsorted(columns, [x0, x1])
    top, bottom = np.searchsorted(rows, [y0, y1])
    window = mask[top:bottom, left:right]
    if window.size:
        rings = [polygon.exterior, *polygon.interiors]
        lines = [shapely.get_coordinates(ring) for ring in rings]
        window |= _even_odd(lines, columns[left:right], rows[top:bottom])


def _even_odd(rings: Sequence[Float64], columns: Float64, rows: Float64) -> Bool:
    """Pixel centres from which a ray to the left crosses the closed rings (n, 2) an odd number."""
    flips = np.zeros((len(rows), len(columns) + 1), np.int32)
    for ring in rings:
        (ax, ay), (bx, by) = ring[:-1].T, ring[1:].T
        # Half-open in y, so that a vertex on a row's line is crossed once, not twice or never.
        low, high = np.minimum(ay, by), np.maximum(ay, by)
        first, stop = np.searchsorted(rows, low), np.searchsorted(rows, high)
        edge = np.repeat(np.arange(len(ax)), stop - first)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(stop - first) - stop, stop - first)
        y = rows[row]
        along = (y - ay[edge]) / (by[edge] - ay[edge])
        x = ax[edge] + along * (bx[edge] - ax[edge])
        np.add.at(flips, (row, np.searchsorted(columns, x)), 1)
    odd: Bool = np.cumsum(flips, axis=1)[:, :-1] % 2 == 1
    return odd
