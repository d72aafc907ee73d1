"""Deep Zoom: tiles cover each level once, whatever its size; pixels are the slide's."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideloom.errors import ParametersUnusable
from slideloom.viewer.deep_zoom import DeepZoom, draw
from tests.helpers.slides import ArraySlide, drawn_tissue

_sides = st.integers(1, 3000) | st.integers(1, 200_000)
_zooms = st.builds(DeepZoom, _sides, _sides, st.sampled_from([256, 512]))


@given(_zooms)
def test_levels_go_from_one_pixel_to_the_picture_by_halves(zoom: DeepZoom) -> None:
    sizes = [zoom.size_px(level) for level in range(zoom.levels)]
    assert sizes[0] == (1, 1)
    assert sizes[-1] == (zoom.width_px, zoom.height_px)
    for small, large in itertools.pairwise(sizes):
        assert small == tuple(-(-side // 2) for side in large)
    assert zoom.levels == 1 or sizes[1] != (1, 1)


@given(_zooms, st.data())
def test_tiles_cover_a_level_exactly_once(zoom: DeepZoom, data: st.DataObject) -> None:
    level = data.draw(st.integers(0, zoom.levels - 1))
    width, height = zoom.size_px(level)
    columns, rows = zoom.tiles(level)
    tops = [tile for row in range(rows) if (tile := zoom.tile(level, 0, row))]
    lefts = [tile for column in range(columns) if (tile := zoom.tile(level, column, 0))]
    assert [tile.x for tile in lefts] == list(range(0, width, zoom.tile_px))
    assert [tile.y for tile in tops] == list(range(0, height, zoom.tile_px))
    assert sum(tile.width for tile in lefts) == width
    assert sum(tile.height for tile in tops) == height
    x = data.draw(st.integers(0, columns - 1))
    y = data.draw(st.integers(0, rows - 1))
    one = zoom.tile(level, x, y)
    assert one is not None
    assert (one.x, one.width) == (lefts[x].x, lefts[x].width)
    assert (one.y, one.height) == (tops[y].y, tops[y].height)


@given(_zooms, st.integers(-3, 40), st.integers(-3, 10**7), st.integers(-3, 10**7))
def test_there_is_no_tile_outside(zoom: DeepZoom, level: int, column: int, row: int) -> None:
    tile = zoom.tile(level, column, row)
    if tile is None:
        inside = 0 <= level < zoom.levels and column >= 0 and row >= 0
        if inside:
            columns, rows = zoom.tiles(level)
            assert column >= columns or row >= rows
    else:
        assert min(tile.width, tile.height) >= 1


def test_the_finest_level_is_the_slide_and_the_others_shrink_it() -> None:
    pixels = drawn_tissue(700, 300, 1)
    slide, zoom = ArraySlide(pixels, 0.25), DeepZoom(700, 300)
    last = zoom.levels - 1
    whole = np.full_like(pixels, 0)
    columns, rows = zoom.tiles(last)
    for column in range(columns):
        for row in range(rows):
            rect = zoom.tile(last, column, row)
            assert rect is not None
            part = draw(slide, zoom.downsample(last), rect, 10**6)
            whole[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width] = part
    assert np.array_equal(whole, pixels)
    smaller = zoom.tile(last - 2, 0, 0)
    assert smaller is not None
    shrunk = draw(slide, 4, smaller, 10**6)
    assert shrunk.shape == (75, 175, 3)
    assert abs(float(shrunk.mean()) - float(pixels.mean())) < 1


def test_a_picture_that_takes_too_much_is_refused() -> None:
    zoom = DeepZoom(700, 300)
    rect = zoom.tile(0, 0, 0)
    assert rect is not None
    with pytest.raises(ParametersUnusable, match="pyramid"):
        draw(ArraySlide(drawn_tissue(700, 300, 1)), zoom.downsample(0), rect, 1000)
