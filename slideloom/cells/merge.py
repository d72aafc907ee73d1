"""One exact set of cells from what the tiles report, streamed by rows of tiles.

Ownership does the work: a cell belongs to the tile whose core holds its centroid, so most cells
need no comparison at all. Only copies near seams are compared. They are ranked: the owner's
complete copy, a neighbour's complete copy, then pieces cut by their tile's edge, of which the
largest stands for all that hang together. A copy goes when better ones that stay cover more than
half of it (a quarter, where it is not its owner's); what nobody covers stays. So no object is lost
and none is kept twice, as long as two tiles place its centroid within the seam band of each other.

The outcome depends on the reported cells alone, not on the order in which tiles were segmented,
and memory holds about two rows of tiles, not the slide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from slideloom.arrays import Bool, Int64
from slideloom.cells.seams import Copies, Node, connected, in_overlap, overlaps
from slideloom.cells.table import Cells
from slideloom.grid import Grid

SAME_OBJECT = 0.5
"""Covered to a larger share by better copies, a copy shows nothing that is not there already."""
MOSTLY_NEW = 0.25
"""A neighbour's copy stands in for a missing owner's only if no more of it is there already: a tile
that takes two cells for one must not bring back the one that its owner kept."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The cells that stay, of one row of tiles, in the order of tile column and first pixel.

    Attributes:
        cells: The cells.
        clipped: (k,) bool: no tile saw the cell whole; its largest piece was kept.
        rescued: (k,) bool: the owner's copy was cut or missing; a neighbour's was taken.
    """

    cells: Cells
    clipped: Bool
    rescued: Bool


@dataclass(slots=True)
class _Row:
    """A row of tiles that has not gone out yet; `shared` are the places that other tiles see."""

    cells: Cells
    shared: Int64
    dropped: set[int] = field(default_factory=set)


_Rows = dict[int, _Row]


def merge(rows: Iterable[Cells], grid: Grid) -> Iterator[Merged]:
    """Yield the final cells row by row.

    Args:
        rows: One batch of reported cells per row of tiles, from the top, empty where none; within
            a row in any order.
        grid: The slide's grid.
    """
    copies, pending, next_out, last = Copies(), _Rows(), 0, -1
    for last, reported in enumerate(rows):
        pending[last] = _prepare(reported, grid)
        _compare(last, pending, copies, grid)
        _settle(copies, pending, open_row=last)
        # A row goes out once the row below was compared and no copy in it is undecided.
        while next_out < last and not _undecided(next_out, copies, pending):
            yield _finish(pending.pop(next_out))
            next_out += 1
    _settle(copies, pending, open_row=last + 1)
    for row in range(next_out, last + 1):
        yield _finish(pending.pop(row))


def _prepare(reported: Cells, grid: Grid) -> _Row:
    """Sort a row by tile column and first pixel and find what other tiles can see."""
    first = reported.xy[reported.offsets[:-1]]
    order = np.lexsort((first[:, 0], first[:, 1], reported.tile_column))
    cells = reported.take(order)
    return _Row(cells, np.flatnonzero(in_overlap(cells, grid)))


def _compare(row: int, pending: _Rows, copies: Copies, grid: Grid) -> None:
    """Record related copies within this row of tiles and with the row above."""
    here = pending[row]
    seen_here = here.cells.take(here.shared)
    for other in (row - 1, row):
        if other in pending:
            there = pending[other]
            found = overlaps(there.cells.take(there.shared), seen_here, grid)
            above = [(other, int(place)) for place in there.shared[found.i]]
            copies.add(above, [(row, int(place)) for place in here.shared[found.j]], found)


def _undecided(row: int, copies: Copies, pending: _Rows) -> bool:
    return any((row, int(place)) in copies for place in pending[row].shared)


def _settle(copies: Copies, pending: _Rows, open_row: int) -> None:
    """Decide every group of copies that no further row can add to."""
    for group in copies.pop_closed(open_row):
        kept = _keep(group, copies, pending)
        for row, place in set(group) - kept:
            pending[row].dropped.add(place)
        copies.forget(group)


def _keep(group: list[Node], copies: Copies, pending: _Rows) -> set[Node]:
    """The copies of a group that stay."""
    kept, standing_for = set[Node](), set[Node]()
    for rivals in _ranked(group, copies, pending):
        covered = max(
            sum(share for other, share in copies.covered(node).items() if other in standing_for)
            for node in rivals
        )
        best = pending[rivals[0][0]].cells, rivals[0][1]
        if covered <= (SAME_OBJECT if _owned_or_cut(*best) else MOSTLY_NEW):
            kept.add(rivals[0])
            standing_for.update(rivals)
    return kept


def _owned_or_cut(cells: Cells, place: int) -> bool:
    return bool(cells.owned[place] or cells.cut[place])


def _ranked(group: list[Node], copies: Copies, pending: _Rows) -> list[list[Node]]:
    """What competes, best first: single complete copies, then pieces of one cut object together.

    Pieces belong together where each covers more than half of what both tiles see of the other;
    the largest stands in front.
    """

    def cut(node: Node) -> bool:
        return bool(pending[node[0]].cells.cut[node[1]])

    def key(node: Node) -> tuple[bool, int, Node]:
        cells = pending[node[0]].cells
        return not cells.owned[node[1]], -int(cells.count[node[1]]), node

    def same_object(node: Node) -> set[Node]:
        return {
            other
            for other, share in copies.covered(node).items()
            if cut(other) and min(share, copies.covered(other)[node]) > SAME_OBJECT
        }

    complete = sorted((node for node in group if not cut(node)), key=key)
    pieces, joined = {node for node in group if cut(node)}, list[list[Node]]()
    while pieces:
        together = connected({min(pieces)}, same_object)
        pieces.difference_update(together)
        joined.append(sorted(together, key=lambda node: key(node)[1:]))
    joined.sort(key=lambda nodes: key(nodes[0])[1:])
    return [[node] for node in complete] + joined


def _finish(row: _Row) -> Merged:
    kept = np.ones(len(row.cells), bool)
    kept[list(row.dropped)] = False
    cells = row.cells.take(np.flatnonzero(kept))
    return Merged(cells, clipped=cells.cut, rescued=~cells.owned & ~cells.cut)
