"""What every slide reader offers, whatever the file format behind it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Literal, Self

from slideloom.arrays import UInt8


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Size of one level-0 pixel in µm, by axis.

    Attributes:
        x: Along x, µm.
        y: Along y, µm.
        source: Where the figures come from.
        said: What the file says, x and y, also where the user's word counts; None: nothing that
            can be right.
    """

    x: float
    y: float
    source: Literal["metadata", "user"]
    said: tuple[float, float] | None = field(default=None, compare=False)

    @property
    def said_mean(self) -> float | None:
        """What the file says as one figure, the mean of both axes."""
        return fmean(self.said) if self.said else None


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the pyramid.

    Attributes:
        width_px: Width in pixels of this level.
        height_px: Height in pixels of this level.
        downsample_x: Level-0 pixels per pixel of this level along x; 1.0 at level 0.
        downsample_y: The same along y.
    """

    width_px: int
    height_px: int
    downsample_x: float
    downsample_y: float


class Slide(ABC):
    """An opened slide: a pyramid of RGB levels with a known pixel size.

    `read` may be called from several threads at once.
    """

    path: Path
    format: str
    """Short name of the format: the OpenSlide vendor (`aperio`, `mirax`, …) or `image`, `tiff`."""
    mpp: PixelSize
    levels: tuple[Level, ...]
    """Finest first; `levels[0]` has downsample 1.0."""

    @property
    def width_px(self) -> int:
        """Width in level-0 pixels."""
        return self.levels[0].width_px

    @property
    def height_px(self) -> int:
        """Height in level-0 pixels."""
        return self.levels[0].height_px

    @abstractmethod
    def read(self, level: int, x: int, y: int, width: int, height: int) -> UInt8:
        """Pixels of one level: (height, width, 3) uint8 RGB, C-contiguous, writable.

        Args:
            level: Index into `levels`.
            x: Left edge in pixels **of that level**; may lie outside the level.
            y: Top edge in pixels of that level; may lie outside the level.
            width: Width in pixels of that level.
            height: Height in pixels of that level.

        Pixels outside the level, and parts that the scanner never took, are white (255). The
        value of a pixel does not depend on the rectangle that it was asked for with.

        Raises:
            SlideUnreadable: The file breaks at this place.
        """

    def block_px(self, level: int) -> tuple[int, int]:
        """(width, height) of the blocks in which `level` is decoded, in pixels of that level.

        A hint for readers of large areas: what is aligned to it is decoded once.
        """
        size = self.levels[level]
        return min(size.width_px, 512), min(size.height_px, 512)

    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """Every file that the slide consists of, sorted; `.mrxs` and DICOM are several."""

    @abstractmethod
    def close(self) -> None:
        """Release the file handles; reading afterwards is an error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
