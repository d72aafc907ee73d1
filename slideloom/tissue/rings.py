"""The closed paths along the pixel edges of a binary picture, holes included.

Every edge between tissue and not tissue is walked once, with its tissue on the right-hand side
(y down), so shells run clockwise on the screen and holes the other way round. Where two tissue
pixels meet at a corner only, the path turns left, on to the other pixel, if both belong to one
4-connected piece, and stays with its own pixel if not. A path then never meets itself: if one piece
holds both pixels, it encloses one of the two gaps, and the gaps are not connected (Jordan).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slideloom.arrays import Bool, Int32, Int64
from slideloom.tissue.morphology import pieces

_STEP_X, _STEP_Y = (1, 0, -1, 0), (0, 1, 0, -1)  # east, south, west, north
_RIGHT = ((0, 0), (0, -1), (-1, -1), (-1, 0))
"""(dy, dx) from an edge's first corner to the pixel on its right, by direction."""


@dataclass(frozen=True, slots=True)
class Ring:
    """One closed path.

    Attributes:
        piece: Number of the 4-connected piece that it bounds, from 1.
        is_hole: Whether the piece lies around the path.
        x: (n,) int64 columns of the corners, not closed; pixel i spans [i, i + 1].
        y: (n,) int64 rows of the corners.
    """

    piece: int
    is_hole: bool
    x: Int64
    y: Int64


def trace(mask: Bool) -> Iterator[Ring]:
    """All rings of a (h, w) picture; one shell for every piece, and its holes."""
    labels = np.pad(pieces(mask, 4)[0], 1)
    edge = _edges(labels)
    following = _following(labels, edge)
    direction, corner = np.divmod(edge, labels.size)
    y, x = np.divmod(corner, labels.shape[1])
    piece = _right_of(labels, direction, y, x)
    for cycle in _cycles(following):
        turns = direction[cycle] != direction[np.roll(cycle, 1)]
        # Shoelace formula on unit edges: only the horizontal ones count.
        area = -np.sum(np.take(_STEP_X, direction[cycle]) * y[cycle])
        corners = cycle[turns]
        yield Ring(int(piece[cycle[0]]), bool(area < 0), x[corners] - 1, y[corners] - 1)


def _right_of(labels: Int32, direction: Int64, y: Int64, x: Int64) -> Int32:
    """(n,) piece on the right of the edges that leave corners (y, x); 0 is none."""
    dy, dx = np.take(_RIGHT, direction, axis=0).T
    right: Int32 = labels[y + dy, x + dx]
    return right


def _edges(labels: Int32) -> Int64:
    """Sorted ids, direction · size + first corner, of all edges; corner (y, x) is its pixel's."""
    found = []
    inside = labels > 0
    for direction in range(4):
        # The pixel on the left is the one on the right of the edge that comes the other way.
        right = _shifted(inside, *_RIGHT[direction])
        left_dy = _RIGHT[(direction + 2) % 4][0] + _STEP_Y[direction]
        left_dx = _RIGHT[(direction + 2) % 4][1] + _STEP_X[direction]
        corner = np.flatnonzero(right & ~_shifted(inside, left_dy, left_dx))
        found.append(direction * labels.size + corner)
    return np.concatenate(found)


def _shifted(inside: Bool, dy: int, dx: int) -> Bool:
    """inside[y + dy, x + dx] at every (y, x); the padded border is empty, so wrapping is too."""
    return np.roll(inside, (-dy, -dx), axis=(0, 1))


def _following(labels: Int32, edge: Int64) -> Int64:
    """Position in `edge` of the edge that continues each edge."""
    direction, corner = np.divmod(edge, labels.size)
    end = corner + np.take(_STEP_Y, direction) * labels.shape[1] + np.take(_STEP_X, direction)
    y, x = np.divmod(end, labels.shape[1])
    own = _right_of(labels, direction, *np.divmod(corner, labels.shape[1]))
    left, right = (direction + 3) % 4, (direction + 1) % 4
    # Right of the edge that goes straight on: ahead. Right of the one that turns left: across.
    ahead = _right_of(labels, direction, y, x) == own
    across = _right_of(labels, left, y, x) == own
    turn = np.where(across, left, np.where(ahead, direction, right))
    position: Int64 = np.searchsorted(edge, turn * labels.size + end)
    return position


def _cycles(following: Int64) -> Iterator[Int64]:
    """The cycles of a permutation, each from its smallest member, smallest first."""
    next_of = following.tolist()
    seen = bytearray(len(next_of))
    for first in range(len(next_of)):
        if seen[first]:
            continue
        cycle = []
        here = first
        while not seen[here]:
            seen[here] = 1
            cycle.append(here)
            here = next_of[here]
        yield np.array(cycle, np.int64)
