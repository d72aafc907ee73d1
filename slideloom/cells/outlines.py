"""Exact outlines: the closed path along the pixel edges of every object of a label image.

The polygon's area is the object's area, neighbours share edges without overlapping, and the
pixels whose centres lie inside are the object's pixels: nothing is lost between mask and polygon.
All objects of a tile are traced at once with array operations, so the cost does not grow with a
Python loop over cells.
"""

from dataclasses import dataclass

import numpy as np

from slideloom.arrays import Bool, Float64, Int32, Int64

# Directions clockwise as seen on the screen (y down): east, south, west, north. An edge runs with
# its pixel on its right-hand side. Pixel (y, x) has corners (x, y) … (x + 1, y + 1).
_START_X = np.array([0, 1, 1, 0])
_START_Y = np.array([0, 0, 1, 1])
_FACING = ((-1, 0), (0, 1), (1, 0), (0, -1))  # (dy, dx) of the pixel across each edge
_AHEAD = ((0, 1), (1, 0), (0, -1), (-1, 0))  # (dy, dx) of the pixel that the edge runs towards


@dataclass(frozen=True, slots=True)
class Rings:
    """Outer rings of k objects, ragged.

    Attributes:
        xy: (n, 2) int32 corners in pixels of the label image, clockwise on the screen, starting at
            the top left corner of the object's first pixel in raster order; corners only, not
            closed (the first is not repeated).
        offsets: (k + 1,) int64; ring i is `xy[offsets[i]:offsets[i + 1]]`.
        edges: (k,) int64 number of unit pixel edges of each ring.
        area: (k,) int64 enclosed area in pixels, holes included.
    """

    xy: Int32
    offsets: Int64
    edges: Int64
    area: Int64

    @property
    def corners(self) -> Int64:
        """(k,) number of corners of each ring."""
        return np.diff(self.offsets)

    def perimeter(self) -> Float64:
        """(k,) float64 length in pixels.

        The path through the midpoints of the pixel edges: each corner replaces two half edges by a
        diagonal, edges - corners · (1 - 1/√2). On a grid that path is too long by a factor that
        does not depend on the resolution; π/8 · (1 + √2) takes it off for borders of all
        directions alike (Kulpa 1977, "Area and perimeter measurement of blobs in discrete binary
        pictures"). 0.6 % too long for a disc of 80 px.
        """
        through_midpoints = self.edges - self.corners * (1.0 - np.sqrt(0.5))
        return np.asarray(through_midpoints * (np.pi / 8 * (1 + np.sqrt(2))), np.float64)


def trace(labels: Int32) -> Rings:
    """Outer rings of labels 1..k of a canonical label image (see `labels.canonical`).

    Args:
        labels: (h, w) int32, every label one 4-connected piece.

    Returns:
        Ring i belongs to label i + 1.
    """
    padded = np.pad(labels, 1)
    edge = _boundary_edges(padded)
    if not len(edge):
        return _no_rings()
    following = _following(padded, edge)
    start, rank = _rank_in_cycle(following)
    order = np.lexsort((rank, start))
    return _rings(padded, edge[order], start[order])


def _no_rings() -> Rings:
    empty = np.zeros(0, np.int64)
    return Rings(np.zeros((0, 2), np.int32), np.zeros(1, np.int64), empty, empty)


def _boundary_edges(padded: Int32) -> Int64:
    """Sorted ids of all edges between an object and something else: direction · size + pixel."""
    found = []
    inner = padded[1:-1, 1:-1]
    for direction, (dy, dx) in enumerate(_FACING):
        height, width = padded.shape
        across = padded[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
        y, x = np.nonzero((inner != 0) & (inner != across))
        found.append(direction * padded.size + (y + 1) * width + (x + 1))
    return np.concatenate(found)


def _following(padded: Int32, edge: Int64) -> Int64:
    """Position in `edge` of the edge that continues each edge.

    At the end of an edge the path turns left where the pixel diagonally across is the same object,
    else goes straight where the pixel ahead is, else turns right round its own pixel. Left first:
    where two pixels of one 4-connected object meet only at a corner, one of the two gaps beside
    the corner is a hole; the outer ring then passes the corner once, outside, and stays simple.
    """
    width = padded.shape[1]
    flat = padded.ravel()
    following = np.empty_like(edge)
    for direction in range(4):
        low, high = np.searchsorted(edge, [direction * padded.size, (direction + 1) * padded.size])
        pixel = edge[low:high] - direction * padded.size
        ahead = pixel + _AHEAD[direction][0] * width + _AHEAD[direction][1]
        across = ahead + _FACING[direction][0] * width + _FACING[direction][1]
        same_ahead = flat[ahead] == flat[pixel]
        same_across = flat[across] == flat[pixel]
        right = (direction + 1) % 4 * padded.size + pixel
        straight = direction * padded.size + ahead
        left = (direction + 3) % 4 * padded.size + across
        following[low:high] = np.where(same_across, left, np.where(same_ahead, straight, right))
    return np.searchsorted(edge, following)


def _rank_in_cycle(following: Int64) -> tuple[Int64, Int64]:
    """First edge of each edge's cycle (its smallest position) and the steps from there.

    Pointer doubling: after k rounds every edge knows the smallest of the 2^k edges ahead of it.
    """
    start = np.arange(len(following))
    jump = following
    while True:
        smaller = np.minimum(start, start[jump])
        if np.array_equal(smaller, start) and np.array_equal(start, start[following]):
            break
        start, jump = smaller, jump[jump]
    return start, _steps_from_start(following, start)


def _steps_from_start(following: Int64, start: Int64) -> Int64:
    """Steps from the cycle's first edge, by doubling towards that edge."""
    here = np.arange(len(following))
    # Walking forward, `to_start` counts the steps until the cycle's first edge is reached again.
    to_start = np.ones(len(following), np.int64)
    jump = following.copy()
    while True:
        open_ = jump != start
        if not open_.any():
            break
        to_start[open_] += to_start[jump[open_]]
        jump[open_] = jump[jump[open_]]
    length = to_start[start]
    return np.where(here == start, 0, length - to_start)


def _rings(padded: Int32, edge: Int64, start: Int64) -> Rings:
    """Rings from edges that are sorted by cycle and by place in the cycle."""
    direction, pixel = np.divmod(edge, padded.size)
    y, x = np.divmod(pixel, padded.shape[1])
    corner_x, corner_y = x - 1 + _START_X[direction], y - 1 + _START_Y[direction]
    first = np.flatnonzero(np.diff(start, prepend=-1))
    ends = np.append(first[1:], len(edge))
    before = np.arange(len(edge)) - 1
    before[first] = ends - 1
    turns = direction != direction[before]
    # Shoelace on unit edges: only horizontal ones count, dx · (-y); clockwise outer rings are > 0.
    step = np.array([-1, 0, 1, 0])[direction] * corner_y
    area = np.add.reduceat(step, first)
    outer = area > 0
    label = padded.ravel()[pixel[first]]
    chosen = np.flatnonzero(outer)[np.argsort(label[outer], kind="stable")]
    return _take(corner_x, corner_y, turns, first[chosen], ends[chosen], area[chosen])


def _take(x: Int64, y: Int64, turns: Bool, first: Int64, ends: Int64, area: Int64) -> Rings:
    """The corners of the chosen cycles, in the order in which they are given."""
    lengths = ends - first
    places = np.repeat(first - np.append(0, np.cumsum(lengths)[:-1]), lengths)
    places += np.arange(int(lengths.sum()))
    corner = turns[places]
    ring_of = np.repeat(np.arange(len(first)), lengths)[corner]
    offsets = np.append(0, np.cumsum(np.bincount(ring_of, minlength=len(first))))
    kept = places[corner]
    xy = np.stack([x[kept], y[kept]], axis=1).astype(np.int32)
    return Rings(xy, offsets.astype(np.int64), lengths, area)
