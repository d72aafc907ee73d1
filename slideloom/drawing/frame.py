"""How large a picture of a slide is, and where a level-0 point lies in it."""

from dataclasses import dataclass

import numpy as np

from slideloom.arrays import Float64, UInt8
from slideloom.drawing.resize import resized
from slideloom.errors import ParametersUnusable
from slideloom.slides import GridReader, Slide, thumbnail

_SMALL_PX = 1024
_MAX_ZOOM = 4
"""A field of view of 256 px is drawn at four times its size, so that outlines do not hide nuclei;
enlarging more would only show interpolation."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Size and scale of a picture.

    Attributes:
        width_px: Width of the picture.
        height_px: Height of the picture.
        scale: (sx, sy) level-0 px per picture px; below one where the picture is enlarged.
        um_per_px: Size of a picture pixel.
        zoom: Whole number of picture px per px of the slide as it is read; 1 unless it is tiny.
    """

    width_px: int
    height_px: int
    scale: tuple[float, float]
    um_per_px: float
    zoom: int

    @classmethod
    def of(cls, slide: Slide, max_side_px: int) -> "Frame":
        """The frame of a slide: level 0 if it fits, enlarged if tiny, reduced if large.

        Raises:
            ParametersUnusable: `max_side_px` is below one.
        """
        if max_side_px < 1:
            raise ParametersUnusable(f"a picture of {max_side_px} px is empty")
        longer_um = max(slide.width_px * slide.mpp.x, slide.height_px * slide.mpp.y)
        finest = max(slide.mpp.x, slide.mpp.y)
        grid = GridReader(slide, max(longer_um / max_side_px, finest))
        zoom = _zoom(max(grid.width_px, grid.height_px), max_side_px)
        scale = (grid.scale[0] / zoom, grid.scale[1] / zoom)
        return cls(grid.width_px * zoom, grid.height_px * zoom, scale, grid.mpp / zoom, zoom)

    def read(self, slide: Slide) -> UInt8:
        """(height_px, width_px, 3) uint8 RGB of the whole slide.

        Raises:
            SlideUnreadable: The file breaks somewhere.
        """
        pixels, _ = thumbnail(slide, max(self.width_px, self.height_px) // self.zoom)
        return pixels if self.zoom == 1 else resized(pixels, self.width_px, self.height_px)

    def place(self, xy: Float64) -> Float64:
        """(n, 2) level-0 px to picture px, pixel edges at whole numbers in both."""
        placed: Float64 = xy / np.asarray(self.scale)
        return placed


def _zoom(longer_px: int, max_side_px: int) -> int:
    return max(1, min(_MAX_ZOOM, _SMALL_PX // longer_px, max_side_px // longer_px))
