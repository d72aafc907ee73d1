"""A slide on the model's own pixel grid."""

import math
from collections.abc import Iterator

import numpy as np

from slideloom.arrays import UInt8
from slideloom.errors import ParametersUnusable
from slideloom.slides.base import Level, Slide
from slideloom.slides.resample import Taps, resample, taps

_LEVEL_TOLERANCE = 1e-6
"""A level this much coarser than the model (relative) still counts as fine enough."""

_SNAP = 1e-9
"""A ratio this close to a whole number is that number: 0.25 · 4 / 0.5 in floats."""

_EDGE_TOLERANCE_PX = 0.02
"""A last model pixel that covers less of the slide than this, in level-0 px, is not made.

Outlines are rounded to 1/100 level-0 px. A cell in a column narrower than half of that would
collapse onto the slide's edge; two hundredths stay apart however they are rounded. What the grid
leaves out is too little to hold anything: 5 nm at 0.25 µm per pixel."""

_CHUNK_PX = 16 * 1024 * 1024
_CHUNK_SIDE_PX = 4096
"""Level pixels held at once: 48 MiB of RGB, in chunks about as wide as high."""


class GridReader:
    """Reads a slide at `mpp` µm per pixel, on one grid tied to the slide's origin.

    Model pixel (i, j) covers the level-0 rectangle [i·sx, (i+1)·sx) × [j·sy, (j+1)·sy). Its value
    is a function of the slide and of (i, j) alone: reading a rectangle in one piece or in many
    gives the same bytes. Safe for threads, as the slide is.

    Attributes:
        slide: The slide.
        mpp: µm per model pixel, both axes.
        scale: (sx, sy), level-0 pixels per model pixel.
        level: Index of the level that is read: the coarsest one that is no coarser than the model;
            level 0, interpolated, where the whole slide is coarser.
        width_px: Model pixels that cover the slide along x but for its last 0.02 px, at least one.
        height_px: The same along y.
    """

    def __init__(self, slide: Slide, mpp: float) -> None:
        """Bind a slide to a pixel size.

        Raises:
            ParametersUnusable: `mpp` is not a positive number.
        """
        if not (math.isfinite(mpp) and mpp > 0):
            raise ParametersUnusable(f"cannot read {slide.path} at {mpp:g} µm per pixel")
        self.slide = slide
        self.mpp = mpp
        self.scale = (mpp / slide.mpp.x, mpp / slide.mpp.y)
        self.level = _nearest_finer(slide.levels, self.scale)
        self.width_px = _cover(slide.width_px, self.scale[0])
        self.height_px = _cover(slide.height_px, self.scale[1])
        level = slide.levels[self.level]
        self._ratio_x = _snap(self.scale[0] / level.downsample_x)
        self._ratio_y = _snap(self.scale[1] / level.downsample_y)

    def read(self, x: int, y: int, width: int, height: int) -> UInt8:
        """Pixels of a rectangle in model pixels: (height, width, 3) uint8 RGB.

        Model pixels outside the grid are white. Those on its edge take the level's edge pixel for
        what lies beyond it.

        Raises:
            SlideUnreadable: The file breaks at this place.
            ParametersUnusable: A negative width or height.
        """
        if width < 0 or height < 0:
            raise ParametersUnusable(f"cannot read {width} × {height} px of {self.slide.path}")
        out = np.full((height, width, 3), 255, dtype=np.uint8)
        x0, x1 = max(x, 0), min(x + width, self.width_px)
        y0, y1 = max(y, 0), min(y + height, self.height_px)
        if x0 >= x1 or y0 >= y1:
            return out
        step_x, step_y = self._chunk(x1 - x0, y1 - y0)
        for top, bottom in _pieces(y0, y1, step_y):
            rows = taps(self._ratio_y, top, bottom - top)
            for left, right in _pieces(x0, x1, step_x):
                columns = taps(self._ratio_x, left, right - left)
                pixels = resample(self._source(columns, rows), rows, columns)
                out[top - y : bottom - y, left - x : right - x] = pixels
        return out

    def _chunk(self, width: int, height: int) -> tuple[int, int]:
        """Model pixels to make at once, so that memory is bounded whatever the ratio."""
        if width * self._ratio_x * height * self._ratio_y <= _CHUNK_PX:
            return width, height
        side = max(_CHUNK_SIDE_PX, self.slide.block_px(self.level)[0])
        step_x = max(int(side / self._ratio_x), 1)
        source_width = min(step_x, width) * self._ratio_x
        step_y = max(int(_CHUNK_PX / source_width / self._ratio_y), 1)
        return step_x, step_y

    def _source(self, columns: Taps, rows: Taps) -> UInt8:
        """The level's pixels under the taps, its edge repeated outwards."""
        level = self.slide.levels[self.level]
        xs = np.clip(np.arange(columns.start, columns.stop), 0, level.width_px - 1)
        ys = np.clip(np.arange(rows.start, rows.stop), 0, level.height_px - 1)
        x0, y0 = int(xs[0]), int(ys[0])
        width, height = int(xs[-1]) + 1 - x0, int(ys[-1]) + 1 - y0
        pixels = self.slide.read(self.level, x0, y0, width, height)
        if width != xs.size:
            pixels = pixels[:, xs - x0]
        if height != ys.size:
            pixels = pixels[ys - y0]
        return np.ascontiguousarray(pixels)


def _nearest_finer(levels: tuple[Level, ...], scale: tuple[float, float]) -> int:
    """Index of the coarsest level whose pixels are no larger than the model's, else 0."""
    limit_x, limit_y = (axis * (1.0 + _LEVEL_TOLERANCE) for axis in scale)
    best = 0
    for index, level in enumerate(levels):
        fine_enough = level.downsample_x <= limit_x and level.downsample_y <= limit_y
        if fine_enough and level.downsample_x >= levels[best].downsample_x:
            best = index
    return best


def _cover(size_px: int, scale: float) -> int:
    """Model pixels that cover `size_px` level-0 pixels, the last one not by a sliver."""
    return max(math.ceil((size_px - _EDGE_TOLERANCE_PX) / scale), 1)


def _snap(ratio: float) -> float:
    whole = float(round(ratio))
    return whole if whole >= 1.0 and abs(ratio - whole) <= _SNAP * whole else ratio


def _pieces(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    for low in range(start, stop, step):
        yield low, min(low + step, stop)
