"""A slide's own pixels in rectangles of the levels of a pyramid."""

from dataclasses import dataclass

from slideloom.arrays import UInt8
from slideloom.errors import ParametersUnusable
from slideloom.slides import GridReader, Slide
from slideloom.viewer.pyramid import Pyramid


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels of its level: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


def rect_of(pyramid: Pyramid, level: int, column: int, row: int) -> Rect | None:
    """Where a tile lies in its level; None: there is no such tile."""
    if not pyramid.has(level, column, row):
        return None
    side = pyramid.tile_px
    return Rect(column * side, row * side, *pyramid.size(level, column, row))


def source_px(slide: Slide, downsample: int, rect: Rect) -> int:
    """How many pixels of the slide's own levels have to be read for a rectangle.

    Args:
        slide: A slide of square pixels.
        downsample: Level-0 pixels along a pixel of the rectangle.
        rect: The rectangle.
    """
    level = slide.levels[GridReader(slide, downsample * slide.mpp.x).level]
    wide = rect.width * downsample / level.downsample_x
    return round(wide * rect.height * downsample / level.downsample_y)


def draw(slide: Slide, downsample: int, rect: Rect, most_source_px: int) -> UInt8:
    """A rectangle of a level: (height, width, 3) uint8 RGB.

    Args:
        slide: A slide of square pixels; what their size is does not matter.
        downsample: Level-0 pixels along a pixel of the rectangle.
        rect: The rectangle.
        most_source_px: How many pixels may be read for it.

    Raises:
        ParametersUnusable: It takes more: the slide has no small levels.
        SlideUnreadable: The file breaks at this place.
    """
    needed = source_px(slide, downsample, rect)
    if needed > most_source_px:
        raise ParametersUnusable(
            f"this picture takes {needed // 1_000_000} megapixels, for the slide holds no smaller "
            "levels: save it as a pyramid"
        )
    reader = GridReader(slide, downsample * slide.mpp.x)
    return reader.read(rect.x, rect.y, rect.width, rect.height)
