"""Pixels out of OpenSlide."""

from openslide import OpenSlide

from slideloom.arrays import UInt8
from slideloom.slides.colour import rgba_image_over_white


def read_rgb(
    handle: OpenSlide, location: tuple[int, int], level: int, size: tuple[int, int]
) -> UInt8:
    """One region over white: (h, w, 3) uint8 RGB.

    Args:
        handle: The slide.
        location: (x, y) in level-0 pixels.
        level: Level to read.
        size: (width, height) in pixels of that level.

    Raises:
        OpenSlideError: The file breaks here, or the handle met an error before.
    """
    return rgba_image_over_white(handle.read_region(location, level, size))
