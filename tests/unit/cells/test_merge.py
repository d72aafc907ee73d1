"""Merging by ownership: none lost, none doubled, whatever the tiles saw of a cell."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.arrays import Int32
from slideloom.cells.extract import extract
from slideloom.cells.labels import canonical
from slideloom.cells.measures import MEASURES
from slideloom.cells.merge import Merged, merge
from slideloom.cells.table import Cells
from slideloom.grid import Grid, Tile


def _reported(labels: Int32, tile: Tile, grid: Grid) -> Cells:
    rect = tile.rect
    view = labels[rect.y0 : rect.y1, rect.x0 : rect.x1]
    return extract(view, np.zeros((*view.shape, 3), np.uint8), tile, grid)


def _rows(views: dict[tuple[int, int], Int32], labels: Int32, grid: Grid) -> list[Cells]:
    """Reported cells by row; `views` replaces what single tiles see of the slide."""
    return [
        Cells.concatenate(
            [
                _reported(views.get((row, column), labels), grid.tile(row, column), grid)
                for column in range(grid.columns)
            ]
        )
        for row in range(grid.rows)
    ]


def _merged(
    labels: Int32, tile: int, overlap: int, views: dict[tuple[int, int], Int32] | None = None
) -> list[Merged]:
    grid = Grid(labels.shape[1], labels.shape[0], tile, overlap)
    return list(merge(_rows(views or {}, labels, grid), grid))


def _sizes(rows: list[Merged]) -> list[int]:
    return sorted(int(count) for row in rows for count in row.cells.count)


def _outlines(rows: list[Merged]) -> list[bytes]:
    rings = [
        ring.tobytes()
        for row in rows
        for ring in np.split(row.cells.xy, row.cells.offsets[1:-1])
        if len(ring)
    ]
    return sorted(rings)


def _discs(width: int, height: int, seed: int, largest: int) -> Int32:
    rng = np.random.default_rng(seed)
    labels = np.zeros((height, width), np.int32)
    for name in range(1, width * height // 250 + 2):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        axes = (int(rng.integers(1, largest)), int(rng.integers(1, largest)))
        cv2.ellipse(labels, centre, axes, float(rng.integers(0, 180)), 0, 360, name, -1)
    return canonical(labels)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    tile=st.sampled_from([128, 256, 512]),
    overlap=st.sampled_from([64, 32]),
    seed=st.integers(0, 2**32 - 1),
)
def test_cells_smaller_than_half_the_overlap_come_out_exactly(
    width: int, height: int, tile: int, overlap: int, seed: int
) -> None:
    labels = _discs(width, height, seed, largest=overlap // 4)
    assert _outlines(_merged(labels, tile, overlap)) == _outlines(_merged(labels, 1024, 0))


def test_a_cell_across_four_tiles_is_kept_once() -> None:
    labels = np.zeros((400, 400), np.int32)
    grid = Grid(400, 400, 256, 64)
    corner = grid.tile(0, 0).core
    cv2.circle(labels, (corner.x1, corner.y1), 14, 1, -1)
    rows = _merged(labels, 256, 64)
    assert _sizes(rows) == [int((labels > 0).sum())]
    assert not rows[0].clipped.any()


def test_a_giant_cell_is_kept_once_and_flagged() -> None:
    labels = np.zeros((900, 1200), np.int32)
    labels[100:800, 100:1100] = 1
    rows = _merged(labels, 256, 64)
    assert _sizes(rows) == [256 * 256]
    assert [bool(flag) for row in rows for flag in row.clipped] == [True]


def test_a_large_cell_that_only_a_neighbour_sees_whole_is_taken_from_there() -> None:
    # The centroid lies left of the core line, but a tail reaches beyond the owner's right edge.
    labels = np.zeros((256, 900), np.int32)
    grid = Grid(900, 256, 512, 64)
    core_end, owner_end = grid.tile(0, 0).core.x1, grid.tile(0, 0).rect.x1
    labels[100:140, core_end - 30 : core_end + 5] = 1
    labels[118:121, core_end : owner_end + 20] = 1
    rows = _merged(labels, 512, 64)
    assert _sizes(rows) == [int((labels > 0).sum())]
    assert rows[0].rescued.tolist() == [True]


@pytest.mark.parametrize("shift", [-2, 2])
def test_two_tiles_that_disagree_by_rounding_neither_lose_nor_double(shift: int) -> None:
    """Each tile sees the cell shifted towards itself (both own it) or away (none does)."""
    grid = Grid(900, 256, 512, 64)
    line = grid.tile(0, 0).core.x1
    views = {}
    for column, move in ((0, -shift), (1, shift)):
        seen = np.zeros((256, 900), np.int32)
        cv2.circle(seen, (line + move, 100), 10, 1, -1)
        views[0, column] = seen
    rows = _merged(np.zeros((256, 900), np.int32), 512, 64, views)
    assert len(_sizes(rows)) == 1


def test_a_tile_that_joins_two_cells_gives_neither_double_nor_loss() -> None:
    grid = Grid(900, 256, 512, 64)
    line = grid.tile(0, 0).core.x1
    apart, joined = np.zeros((256, 900), np.int32), np.zeros((256, 900), np.int32)
    for seen, names in ((apart, (1, 2)), (joined, (1, 1))):
        for name, x in zip(names, (line - 6, line + 7), strict=True):
            cv2.circle(seen, (x, 100), 6, name, -1)
    rows = _merged(apart, 512, 64, {(0, 0): joined})
    kept = np.concatenate([row.cells.count for row in rows])
    assert kept.sum() == (apart > 0).sum()


def test_a_cell_inside_the_hole_of_another_stays() -> None:
    labels = np.zeros((256, 900), np.int32)
    line = Grid(900, 256, 512, 64).tile(0, 0).core.x1
    cv2.circle(labels, (line - 8, 100), 20, 1, 3)
    cv2.circle(labels, (line + 1, 100), 4, 2, -1)
    assert len(_sizes(_merged(canonical(labels), 512, 64))) == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_the_order_of_reported_cells_plays_no_part(seed: int, random: object) -> None:
    labels = _discs(500, 400, seed, largest=30)
    grid = Grid(500, 400, 256, 64)
    rows = _rows({}, labels, grid)
    rng = np.random.default_rng(seed)
    shuffled = [row.take(rng.permutation(len(row))) for row in rows]
    for one, other in zip(merge(rows, grid), merge(shuffled, grid), strict=True):
        assert one.cells.to_arrow().equals(other.cells.to_arrow())
        assert one.clipped.tolist() == other.clipped.tolist()


def test_rows_without_cells_come_out_empty() -> None:
    grid = Grid(900, 900, 256, 64)
    empty = [Cells.empty(len(MEASURES)) for _ in range(grid.rows)]
    assert [len(row.cells) for row in merge(empty, grid)] == [0] * grid.rows
