"""Where the tissue is: a coarse picture of yes and no, and exact answers about level-0 points."""

import hashlib
import struct
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np

from slideloom.arrays import Bool, Float64, Int64
from slideloom.errors import TissueMaskUnusable

Source = Literal["auto", "off", "given"]


class Sized(Protocol):
    """What has a size in level-0 pixels: every slide."""

    @property
    def width_px(self) -> int:
        """Width in level-0 pixels."""

    @property
    def height_px(self) -> int:
        """Height in level-0 pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class TissueMask:
    """Tissue or not, for every level-0 point of a slide.

    Mask pixel (i, j) answers for the level-0 rectangle [i·sx, (i+1)·sx) × [j·sy, (j+1)·sy), cut at
    the slide's end; the last column and row also answer for what is left of the slide behind them.

    `covers` decides about cells and `touches` about tiles. Both send a coordinate to its mask pixel
    with the same monotone function, so a rectangle without tissue holds no covered point: tiles
    that are skipped could not have had cells to keep, and the result does not depend on the tiles.

    Attributes:
        mask: (h, w) bool, read-only.
        scale: (sx, sy), level-0 pixels per mask pixel.
        width_px: Width of the slide in level-0 pixels.
        height_px: Height of the slide in level-0 pixels.
        source: Found by us ("auto"), not asked for ("off": tissue everywhere), or "given".
    """

    mask: Bool
    scale: tuple[float, float]
    width_px: int
    height_px: int
    source: Source

    def __post_init__(self) -> None:
        """Take a read-only copy, and refuse what cannot be a mask of the slide."""
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_ or not self.mask.size:
            raise TissueMaskUnusable(
                f"a tissue mask is a picture of true and false, not {self.mask.dtype} of shape "
                f"{self.mask.shape}"
            )
        if not all(np.isfinite(s) and s > 0 for s in self.scale):
            raise TissueMaskUnusable(f"a tissue mask cannot have the scale {self.scale}")
        own = np.array(self.mask, order="C")
        own.setflags(write=False)
        object.__setattr__(self, "mask", own)

    @classmethod
    def everywhere(cls, slide: Sized) -> Self:
        """The mask of `tissue: off`: one pixel, true, for the whole slide."""
        width, height = slide.width_px, slide.height_px
        scale = (float(width), float(height))
        return cls(np.ones((1, 1), np.bool_), scale, width, height, "off")

    def columns(self, x: Float64) -> Int64:
        """(n,) mask column that answers for each level-0 x inside the slide."""
        return _index(x, self.scale[0], self.mask.shape[1])

    def rows(self, y: Float64) -> Int64:
        """(n,) mask row that answers for each level-0 y inside the slide."""
        return _index(y, self.scale[1], self.mask.shape[0])

    def column_edges(self) -> Float64:
        """(w + 1,) level-0 x at which the columns begin and end; the last is the slide's end."""
        return _edges(self.scale[0], self.mask.shape[1], self.width_px)

    def row_edges(self) -> Float64:
        """(h + 1,) level-0 y at which the rows begin and end; the last is the slide's end."""
        return _edges(self.scale[1], self.mask.shape[0], self.height_px)

    def covers(self, x: Float64, y: Float64) -> Bool:
        """Is each point in tissue?

        Args:
            x: (...) level-0 pixels, pixel edges at whole numbers.
            y: The same shape.

        Returns:
            (...) bool; false outside of the slide and for NaN.
        """
        inside = (x >= 0) & (x < self.width_px) & (y >= 0) & (y < self.height_px)
        column = self.columns(np.where(inside, x, 0.0))
        row = self.rows(np.where(inside, y, 0.0))
        answer: Bool = self.mask[row, column] & inside
        return answer

    def touches(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Does [x0, x1) × [y0, y1), level-0 px, hold a point that `covers` calls tissue?"""
        x0, x1 = max(x0, 0.0), min(x1, float(self.width_px))
        y0, y1 = max(y0, 0.0), min(y1, float(self.height_px))
        if not (x0 < x1 and y0 < y1):
            return False
        # The last point of a half-open span is the float just below its end.
        left, right = self.columns(np.array([x0, np.nextafter(x1, -np.inf)]))
        top, bottom = self.rows(np.array([y0, np.nextafter(y1, -np.inf)]))
        return bool(self.mask[top : bottom + 1, left : right + 1].any())

    @property
    def fraction(self) -> float:
        """Share of the slide's area that is tissue, 0 to 1."""
        return self._area_px() / (float(self.width_px) * float(self.height_px))

    def area_mm2(self, mpp_x: float, mpp_y: float) -> float:
        """Area of the tissue in mm², from the slide's µm per level-0 pixel."""
        return self._area_px() * mpp_x * mpp_y * 1e-6

    def _area_px(self) -> float:
        """Area in level-0 pixels; a mask pixel counts only as far as the slide reaches."""
        widths, heights = np.diff(self.column_edges()), np.diff(self.row_edges())
        return float(heights @ (self.mask @ widths))

    def digest(self) -> str:
        """SHA-256 (hex) of all that can change an answer; the source cannot."""
        shape = (*self.mask.shape, self.width_px, self.height_px)
        head = struct.pack("<4Q2d", *shape, *self.scale)
        return hashlib.sha256(head + np.packbits(self.mask).tobytes()).hexdigest()


def _index(position: Float64, scale: float, count: int) -> Int64:
    """Mask pixel of each level-0 position; never decreases with the position, also in floats."""
    return np.clip(np.floor(position / scale), 0, count - 1).astype(np.int64)


def _edges(scale: float, count: int, size_px: int) -> Float64:
    edges: Float64 = np.minimum(np.arange(count + 1) * scale, float(size_px))
    edges[-1] = size_px
    return edges
