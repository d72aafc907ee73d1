"""Which reported cells of different tiles show the same object.

Two copies are compared within the rectangle that both tiles see, so that a cut piece can be held
against the whole cell it belongs to. What counts is the share of one copy that another covers:
it has a direction, since a small cell may lie wholly in a large one without being it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from slideloom.arrays import Bool, Float64, Int64
from slideloom.cells.measures import polygons
from slideloom.cells.table import Cells
from slideloom.grid import Grid

RELATED = 0.1
"""Copies of which neither covers a larger share of the other are two objects that touch."""

Node = tuple[int, int]
"""A reported cell: row of tiles, place in that row's cells."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of related copies.

    Attributes:
        i: (n,) int64 places in the first batch.
        j: (n,) int64 places in the second batch.
        share_i: (n,) float64 share of `i` that `j` covers, within what both tiles see.
        share_j: (n,) float64 share of `j` that `i` covers.
    """

    i: Int64
    j: Int64
    share_i: Float64
    share_j: Float64


def in_overlap(cells: Cells, grid: Grid) -> Bool:
    """(k,) bool: does the cell reach into a part of its tile that another tile sees too?"""
    bounds = cells.bounds
    shared = np.zeros(len(cells), bool)
    for low, high, index, axis in (
        (0, 2, cells.tile_column, grid.x_axis),
        (1, 3, cells.tile_row, grid.y_axis),
    ):
        start = index.astype(np.int64) * axis.stride_px
        shared |= (index > 0) & (bounds[:, low] < start + axis.overlap_px)
        shared |= (index < axis.count - 1) & (bounds[:, high] > start + axis.stride_px)
    return shared


def overlaps(a: Cells, b: Cells, grid: Grid) -> Overlaps:
    """Pairs from `a` and `b` that different tiles report and that overlap by more than a rim."""
    if not len(a) or not len(b):
        none = np.zeros(0, np.int64)
        return Overlaps(none, none, np.zeros(0), np.zeros(0))
    tree = shapely.STRtree(shapely.box(*b.bounds.T))
    i, j = tree.query(shapely.box(*a.bounds.T))
    other = (a.tile_row[i] != b.tile_row[j]) | (a.tile_column[i] != b.tile_column[j])
    i, j = i[other], j[other]
    shares = np.ones((2, len(i)))
    unsure = np.flatnonzero(~_identical(a, b, i, j))
    shares[:, unsure] = _shares(a, b, i[unsure], j[unsure], grid)
    related = shares.max(axis=0, initial=0.0) > RELATED
    return Overlaps(i[related], j[related], shares[0, related], shares[1, related])


def _identical(a: Cells, b: Cells, i: Int64, j: Int64) -> Bool:
    """Equal pixel sums and boxes: the usual case, settled without geometry."""
    same: Bool = (a.bounds[i] == b.bounds[j]).all(axis=1)
    for name in ("count", "sum_x", "sum_y"):
        same &= getattr(a, name)[i] == getattr(b, name)[j]
    return same


def _shares(a: Cells, b: Cells, i: Int64, j: Int64, grid: Grid) -> Float64:
    """(2, n) share of a[i] that b[j] covers and the reverse, within what both tiles see.

    Outlines have their holes filled; what a hole adds is taken off, so that a cell inside the hole
    of another is not taken for its copy.
    """
    if not len(i):
        return np.zeros((2, 0))
    shape_a, filled_a = _shapes(a, i)
    shape_b, filled_b = _shapes(b, j)
    box_a, box_b, both = a.bounds[i], b.bounds[j], _seen_by_both(a, b, i, j, grid)
    seen = np.stack([_area_within(shape_a, box_a, both), _area_within(shape_b, box_b, both)])
    # Most pairs are neighbours whose boxes touch: only a larger overlap is worth the geometry.
    close = np.flatnonzero(_box_area(_cut(box_a, box_b)) > RELATED * seen.min(axis=0))
    common = np.zeros(len(i))
    common[close] = shapely.area(shapely.intersection(shape_a[close], shape_b[close]))
    common[close] -= filled_a[close] + filled_b[close]
    shares: Float64 = np.divide(common, seen, out=np.zeros_like(seen), where=seen > 0)
    return shares


def _cut(one: Int64, other: Int64) -> Int64:
    """(n, 4) intersection of boxes x0, y0, x1, y1."""
    low = np.maximum(one[:, :2], other[:, :2])
    return np.concatenate([low, np.minimum(one[:, 2:], other[:, 2:])], axis=1)


def _box_area(box: Int64) -> Int64:
    """(n,) area of boxes; 0 where they are turned inside out."""
    sides = np.maximum(box[:, 2:] - box[:, :2], 0)
    area: Int64 = sides[:, 0] * sides[:, 1]
    return area


def _area_within(shapes: np.ndarray, box: Int64, rect: Int64) -> Float64:
    """(n,) area of each shape inside its rectangle; `box` are the shapes' bounds."""
    area = np.asarray(shapely.area(shapes), np.float64)
    beyond = np.flatnonzero((_cut(box, rect) != box).any(axis=1))
    area[beyond] = shapely.area(shapely.intersection(shapes[beyond], shapely.box(*rect[beyond].T)))
    return area


def _shapes(cells: Cells, places: Int64) -> tuple[np.ndarray, Float64]:
    chosen = cells.take(places)
    shapes = polygons(chosen.xy, chosen.offsets)
    return shapes, np.asarray(shapely.area(shapes) - chosen.count, np.float64)


def _seen_by_both(a: Cells, b: Cells, i: Int64, j: Int64, grid: Grid) -> Int64:
    """(n, 4) the rectangles x0, y0, x1, y1 that both reporting tiles cover."""
    x0 = np.maximum(a.tile_column[i], b.tile_column[j]) * grid.x_axis.stride_px
    x1 = np.minimum(a.tile_column[i], b.tile_column[j]) * grid.x_axis.stride_px + grid.tile_px
    y0 = np.maximum(a.tile_row[i], b.tile_row[j]) * grid.y_axis.stride_px
    y1 = np.minimum(a.tile_row[i], b.tile_row[j]) * grid.y_axis.stride_px + grid.tile_px
    return np.stack([x0, y0, x1, y1], axis=1).astype(np.int64)


class Copies:
    """The copies whose fate depends on other tiles: a graph of which covers how much of which."""

    def __init__(self) -> None:
        self._covered: dict[Node, dict[Node, float]] = defaultdict(dict)

    def add(self, a: Iterable[Node], b: Iterable[Node], found: Overlaps) -> None:
        """Record related pairs; `a` and `b` name the cells of `found.i` and `found.j`."""
        for one, other, share_one, share_other in zip(
            a, b, found.share_i, found.share_j, strict=True
        ):
            self._covered[one][other] = float(share_one)
            self._covered[other][one] = float(share_other)

    def __contains__(self, node: Node) -> bool:
        return node in self._covered

    def covered(self, node: Node) -> dict[Node, float]:
        """Related copies of a copy, with the share of it that each covers."""
        return self._covered[node]

    def pop_closed(self, open_row: int) -> list[list[Node]]:
        """All groups of related copies that reach no row from `open_row` on, each sorted."""
        closed, seen = [], set[Node]()
        for node in list(self._covered):
            if node not in seen:
                group = connected({node}, lambda one: set(self._covered[one]))
                seen.update(group)
                if max(row for row, _ in group) < open_row:
                    closed.append(group)
        return closed

    def forget(self, nodes: Iterable[Node]) -> None:
        """Drop a settled group."""
        for node in nodes:
            del self._covered[node]


def connected(start: set[Node], related: Callable[[Node], set[Node]]) -> list[Node]:
    """Everything that can be reached from `start`, sorted."""
    found, waiting = set(start), list(start)
    while waiting:
        more = related(waiting.pop()) - found
        found |= more
        waiting.extend(more)
    return sorted(found)
