"""The tiles of a level lie side by side and cover the slide, at every level."""

import math
import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from slideloom.viewer.pyramid import Pyramid

SIDES = st.one_of(st.integers(1, 3000), st.integers(1, 400_000))
PYRAMIDS = st.builds(Pyramid, SIDES, SIDES, st.sampled_from((256, 512)))


@given(PYRAMIDS)
def test_levels_halve_from_the_slide_to_one_pixel(pyramid: Pyramid) -> None:
    assert pyramid.levels == math.ceil(math.log2(max(pyramid.width_px, pyramid.height_px))) + 1
    assert pyramid.level_size(0) == (1, 1)
    assert pyramid.level_size(pyramid.levels - 1) == (pyramid.width_px, pyramid.height_px)
    for level in range(pyramid.levels - 1):
        width, height = pyramid.level_size(level + 1)
        assert pyramid.level_size(level) == (math.ceil(width / 2), math.ceil(height / 2))


@given(PYRAMIDS, st.data())
def test_tiles_cover_their_level_once(pyramid: Pyramid, data: st.DataObject) -> None:
    level = data.draw(st.integers(0, pyramid.levels - 1))
    columns, rows = pyramid.tiles(level)
    widths = [pyramid.size(level, x, 0)[0] for x in range(columns)]
    heights = [pyramid.size(level, 0, y)[1] for y in range(rows)]
    assert (sum(widths), sum(heights)) == pyramid.level_size(level)
    assert min(widths + heights) > 0
    edges = [pyramid.box(level, x, 0) for x in range(columns)]
    assert [box[0] for box in edges[1:]] == [box[2] for box in edges[:-1]]
    last = pyramid.box(level, columns - 1, rows - 1)
    assert (edges[0][0], last[2], last[3]) == (0, pyramid.width_px, pyramid.height_px)


@given(PYRAMIDS, st.integers(), st.integers(), st.integers())
def test_there_are_no_other_tiles(pyramid: Pyramid, level: int, x: int, y: int) -> None:
    there = 0 <= level < pyramid.levels and x >= 0 and y >= 0
    if there:
        columns, rows = pyramid.tiles(level)
        there = x < columns and y < rows
    assert pyramid.has(level, x, y) == there


def test_the_description_is_that_of_deep_zoom() -> None:
    image = ElementTree.fromstring(Pyramid(300, 200).dzi("png"))
    space = "{http://schemas.microsoft.com/deepzoom/2008}"
    assert image.tag == f"{space}Image"
    assert image.attrib == {"Format": "png", "Overlap": "0", "TileSize": "256"}
    (size,) = image
    assert (size.tag, size.attrib) == (f"{space}Size", {"Width": "300", "Height": "200"})
