"""One global grid of tiles over a slide, in model pixels.

Model pixel (i, j) covers the level-0 rectangle [i·sx, (i+1)·sx) × [j·sy, (j+1)·sy), with
s = model mpp / slide mpp: the grid's phase is tied to the slide's origin, so a pixel's value never
depends on the tile that it is read for.

Along each axis tile k starts at k · stride, stride = tile - overlap. Its core, the part that it
owns, reaches from half an overlap after its start to half an overlap after the next tile's start;
the first core begins at the slide's edge and the last ends there. So cores are half-open, do not
overlap, and cover the slide.
"""

from dataclasses import dataclass

import numpy as np

from slideloom.arrays import Int64
from slideloom.errors import ParametersUnusable

ALIGNMENT_PX = 16
"""Tile origins are multiples of this: a UNet with stride 8 gives other logits off its stride."""


@dataclass(frozen=True, slots=True)
class Rect:
    """Half-open rectangle [x0, x1) × [y0, y1)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """x1 - x0."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """y1 - y0."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of the grid; rectangles are in model pixels.

    Attributes:
        row: Row in the grid, from the top.
        column: Column in the grid, from the left.
        rect: What is read and segmented, cut at the slide's end.
        core: What the tile owns.
    """

    row: int
    column: int
    rect: Rect
    core: Rect


@dataclass(frozen=True, slots=True)
class Axis:
    """Tiles along one axis: `count` of them over `size_px` model pixels."""

    size_px: int
    tile_px: int
    overlap_px: int

    @property
    def stride_px(self) -> int:
        """Distance between two tile origins."""
        return self.tile_px - self.overlap_px

    @property
    def count(self) -> int:
        """Number of tiles that cover the axis; at least one."""
        if self.size_px <= self.tile_px:
            return 1
        return -(-(self.size_px - self.tile_px) // self.stride_px) + 1

    def span(self, index: int) -> tuple[int, int]:
        """[start, end) of tile `index`, cut at the slide's end."""
        start = index * self.stride_px
        return start, min(start + self.tile_px, self.size_px)

    def core(self, index: int) -> tuple[int, int]:
        """[start, end) of what tile `index` owns."""
        half = self.overlap_px // 2
        start = 0 if index == 0 else index * self.stride_px + half
        last = index == self.count - 1
        end = self.size_px if last else (index + 1) * self.stride_px + half
        return start, end

    def owner(self, position_sum: Int64, count: Int64) -> Int64:
        """(k,) index of the tile whose core holds each centroid.

        Integers only, so no two tiles can disagree by rounding: a centroid is the ratio of two
        integers, and cores end at integers.

        Args:
            position_sum: (k,) sum of the indices of an object's pixels along this axis.
            count: (k,) number of its pixels; the centroid is (position_sum + count/2) / count.
        """
        doubled, divisor = 2 * position_sum + count, 2 * count
        index = (doubled - self.overlap_px // 2 * divisor) // (self.stride_px * divisor)
        owner: Int64 = np.clip(index, 0, self.count - 1)
        return owner


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles of a slide at the model's mpp.

    Attributes:
        width_px: Width of the slide in model pixels.
        height_px: Height of the slide in model pixels.
        tile_px: Side of a tile in model pixels.
        overlap_px: What two neighbouring tiles share, in model pixels.
    """

    width_px: int
    height_px: int
    tile_px: int
    overlap_px: int

    def __post_init__(self) -> None:
        """Refuse what would break ownership or alignment."""
        if self.width_px < 1 or self.height_px < 1:
            raise ParametersUnusable(f"a slide of {self.width_px} × {self.height_px} px is empty")
        if self.tile_px % ALIGNMENT_PX or self.overlap_px % ALIGNMENT_PX:
            raise ParametersUnusable(
                f"tile size {self.tile_px} and overlap {self.overlap_px} must be multiples of "
                f"{ALIGNMENT_PX} px: choose for example 1024 and 128"
            )
        if not 0 <= self.overlap_px <= self.tile_px // 2:
            raise ParametersUnusable(
                f"overlap {self.overlap_px} px must lie between 0 and half of the tile size "
                f"{self.tile_px} px"
            )

    @property
    def x_axis(self) -> Axis:
        """The columns."""
        return Axis(self.width_px, self.tile_px, self.overlap_px)

    @property
    def y_axis(self) -> Axis:
        """The rows."""
        return Axis(self.height_px, self.tile_px, self.overlap_px)

    @property
    def columns(self) -> int:
        """Number of tile columns."""
        return self.x_axis.count

    @property
    def rows(self) -> int:
        """Number of tile rows."""
        return self.y_axis.count

    def __len__(self) -> int:
        return self.rows * self.columns

    def tile(self, row: int, column: int) -> Tile:
        """The tile at (row, column)."""
        (x0, x1), (y0, y1) = self.x_axis.span(column), self.y_axis.span(row)
        (cx0, cx1), (cy0, cy1) = self.x_axis.core(column), self.y_axis.core(row)
        return Tile(row, column, Rect(x0, y0, x1, y1), Rect(cx0, cy0, cx1, cy1))

    def tiles(self) -> list[Tile]:
        """All tiles, row by row."""
        return [
            self.tile(row, column) for row in range(self.rows) for column in range(self.columns)
        ]
