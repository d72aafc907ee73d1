"""Tiles put together are the level drawn as one picture, to the last pixel."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from slideloom.arrays import UInt8
from slideloom.drawing import outlines
from slideloom.drawing.frame import Frame
from slideloom.drawing.pictures import OUTLINE_RGB
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.overlay import DENSITY, OUTLINES, draw_tile, is_far, outline_tile
from slideloom.viewer.palette import to_png
from slideloom.viewer.piece import piece_of
from slideloom.viewer.pyramid import Pyramid
from tests.viewer.made import made_cells

MPP = 0.25


def a_set(count: int, side: int, seed: int, scale: float = 1.0, radius: int = 9) -> CellSet:
    """Made cells on a square slide."""
    return CellSet((piece_of(made_cells(count, side, side, seed, radius, scale).table),))


def put_together(cells: CellSet, pyramid: Pyramid, level: int) -> UInt8:
    """(h, w) coverage of a level from its tiles."""
    columns, rows = pyramid.tiles(level)
    return np.concatenate(
        [
            np.concatenate(
                [outline_tile(cells, pyramid, MPP, level, x, y) for x in range(columns)], axis=1
            )
            for y in range(rows)
        ]
    )


def drawn_whole(cells: CellSet, pyramid: Pyramid, level: int) -> UInt8:
    """(h, w) coverage of a level drawn by the code that draws results, with room around it."""
    rim, scale = 64, pyramid.scale(level)
    width, height = pyramid.level_size(level)
    coverage = np.zeros((height + 2 * rim, width + 2 * rim), np.uint8)
    frame = Frame(width, height, (1.0, 1.0), MPP * scale, 1)
    coords, offsets, areas = cells.outlines((-1000, -1000, 100_000, 100_000))
    outlines.draw(coverage, frame, coords / scale + rim, offsets, areas)
    return coverage[rim:-rim, rim:-rim]


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(257, 700),
    st.floats(0.3, 3),
    st.integers(4, 20),
    st.integers(0, 3),
    st.sampled_from((64, 256)),
)
def test_tiles_are_the_level_drawn_as_one(
    seed: int, side: int, scale: float, radius: int, down: int, tile_px: int
) -> None:
    cells = a_set(60, side, seed, scale, radius)
    pyramid = Pyramid(side, side, tile_px)
    level = pyramid.levels - 1 - down
    whole = drawn_whole(cells, pyramid, level)
    assert whole.any()
    assert np.array_equal(put_together(cells, pyramid, level), whole)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 2000), st.integers(0, 12))
def test_density_tiles_are_the_level_as_one(seed: int, side: int, down: int) -> None:
    cells = a_set(50, side, seed)
    pyramid = Pyramid(side, side, 64)
    level = max(pyramid.levels - 1 - down, 0)
    field = cells.field(pyramid, level)
    whole = field.tile(Pyramid(side, side, 8192), level, 0, 0)
    columns, rows = pyramid.tiles(level)
    tiles = [[field.tile(pyramid, level, x, y) for x in range(columns)] for y in range(rows)]
    assert np.array_equal(np.block(tiles), whole)
    assert whole.max() > 0


@pytest.mark.parametrize("crowd", [1, 40])
def test_from_afar_a_crowd_does_not_saturate(crowd: int) -> None:
    side = 40_000
    even = made_cells(20_000, side, side, seed=1)
    dense = made_cells(crowd * 500, 2000, 2000, seed=2)
    cells = CellSet((piece_of(even.table), piece_of(dense.table)))
    pyramid = Pyramid(side, side)
    level = pyramid.levels - 1 - 5
    shown = cells.field(pyramid, level).tile(Pyramid(side, side, 8192), level, 0, 0)
    held = shown[shown > 0]
    assert (held == 255).mean() < 0.05
    assert len(np.unique(held)) > 50


def test_cells_are_drawn_where_they_are() -> None:
    cells = a_set(1, 600, 3)
    (cell,) = cells.described((0, 0, 600, 600), 1)[1]
    pyramid = Pyramid(600, 600)
    level = pyramid.levels - 1
    drawn = put_together(cells, pyramid, level) > 0
    corners = np.array(cell["outline"]).reshape(-1, 2)
    found = np.argwhere(drawn)[:, ::-1]
    assert np.abs(found.min(axis=0) - corners.min(axis=0)).max() <= 3
    assert np.abs(found.max(axis=0) - corners.max(axis=0)).max() <= 3


def test_tiles_are_transparent_png_of_the_right_size() -> None:
    pyramid, none = Pyramid(300, 200), CellSet(())
    for level in range(pyramid.levels):
        columns, rows = pyramid.tiles(level)
        for x, y in {(0, 0), (columns - 1, rows - 1)}:
            picture = Image.open(io.BytesIO(draw_tile(none, pyramid, 1.0, level, x, y)))
            assert picture.format == "PNG"
            assert picture.size == pyramid.size(level, x, y)
            assert not np.asarray(picture.convert("RGBA"))[..., 3].any()


def test_palettes_are_those_of_the_pictures() -> None:
    values = np.arange(256, dtype=np.uint8)[None]
    lines = np.asarray(Image.open(io.BytesIO(to_png(values, OUTLINES))).convert("RGBA"))[0]
    assert (lines[:, :3] == OUTLINE_RGB).all()
    assert np.array_equal(lines[:, 3], outlines.alpha(values[0]))
    dense = np.asarray(Image.open(io.BytesIO(to_png(values, DENSITY))).convert("RGBA"))[0]
    assert dense[0, 3] == 0
    assert (np.diff(dense[:, 3].astype(int)) >= 0).all()


def test_far_is_where_a_nucleus_is_a_dot() -> None:
    pyramid = Pyramid(100_000, 80_000)
    far = [level for level in range(pyramid.levels) if is_far(level, pyramid, MPP)]
    assert far == list(range(pyramid.levels - 5))
