"""The pixels of deep zoom are the slide's."""

import numpy as np
import pytest

from slideloom.errors import ParametersUnusable
from slideloom.viewer.pyramid import Pyramid
from slideloom.viewer.slide_pixels import draw, rect_of
from tests.helpers.slides import ArraySlide, drawn_tissue


def test_the_finest_level_is_the_slide_and_the_others_shrink_it() -> None:
    pixels = drawn_tissue(700, 300, 1)
    slide, zoom = ArraySlide(pixels, 0.25), Pyramid(700, 300)
    last = zoom.levels - 1
    whole = np.full_like(pixels, 0)
    columns, rows = zoom.tiles(last)
    for column in range(columns):
        for row in range(rows):
            rect = rect_of(zoom, last, column, row)
            assert rect is not None
            part = draw(slide, zoom.scale(last), rect, 10**6)
            whole[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width] = part
    assert np.array_equal(whole, pixels)
    smaller = rect_of(zoom, last - 2, 0, 0)
    assert smaller is not None
    shrunk = draw(slide, 4, smaller, 10**6)
    assert shrunk.shape == (75, 175, 3)
    assert abs(float(shrunk.mean()) - float(pixels.mean())) < 1


def test_a_picture_that_takes_too_much_is_refused() -> None:
    zoom = Pyramid(700, 300)
    rect = rect_of(zoom, 0, 0, 0)
    assert rect is not None
    with pytest.raises(ParametersUnusable, match="pyramid"):
        draw(ArraySlide(drawn_tissue(700, 300, 1)), zoom.scale(0), rect, 1000)
