"""Slides and pictures for tests, made on the spot."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides.base import PixelSize
from slideloom.slides.blocks import BlockedSlide
from slideloom.slides.levels import pyramid

PER_CM: dict[str, Any] = {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
"""tifffile's words for 0.5 µm per pixel."""


def picture(width: int, height: int, seed: int = 0) -> UInt8:
    """Smooth coloured structure with detail of a few pixels: (height, width, 3) uint8."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), dtype=np.float64)
    smooth = ((blurred - blurred.min()) * (255 / np.ptp(blurred))).astype(np.uint8)
    return np.ascontiguousarray(np.dstack([smooth, 255 - smooth // 2, smooth // 3 + 90]))


def truncated_levels(base: UInt8, factors: tuple[int, ...]) -> list[UInt8]:
    """Pyramid levels whose sides are cut to whole pixels, as scanners do."""
    height, width = base.shape[:2]
    return [
        np.ascontiguousarray(base[: height // k * k : k, : width // k * k : k]) for k in factors
    ]


class ArrayPyramid(BlockedSlide):
    """A slide of several arrays, in small odd blocks."""

    def __init__(
        self, arrays: list[UInt8], mpp: float = 0.5, block_px: tuple[int, int] = (37, 29)
    ) -> None:
        sizes = [(array.shape[1], array.shape[0]) for array in arrays]
        super().__init__(Path("memory"), "array", PixelSize(mpp, mpp, "user"), pyramid(sizes))
        self._arrays = arrays
        self._block_size = block_px
        self.decoded: list[tuple[int, int, int]] = []

    def block_px(self, level: int) -> tuple[int, int]:
        return self._block_size

    def decode_block(self, level: int, column: int, row: int) -> UInt8:
        self.decoded.append((level, column, row))
        x, y, width, height = self.block_rect(level, column, row)
        if width <= 0 or height <= 0:
            raise SlideUnreadable("no such block")
        return self._arrays[level][y : y + height, x : x + width].copy()

    def files(self) -> tuple[Path, ...]:
        return ()

    def release(self) -> None:
        self._arrays = []


def write_svs(path: Path, base: UInt8, factors: tuple[int, ...] = (1, 4), mpp: str = "0.5") -> None:
    """A pyramid of 4:2:0 JPEG tiles that OpenSlide takes for an Aperio slide."""
    height, width = base.shape[:2]
    about = f"Aperio Image Library v11.0\r\n{width}x{height} (240x240) JPEG/RGB Q=70|MPP = {mpp}"
    with tifffile.TiffWriter(path) as tiff:
        for index, level in enumerate(truncated_levels(base, factors)):
            tiff.write(
                level,
                tile=(240, 240),
                photometric="rgb",
                compression="jpeg",
                subsampling=(2, 2),
                compressionargs={"level": 80},
                subfiletype=min(index, 1),
                description=about,
                metadata=None,
            )


def break_tile(path: Path, page: int, tile: int) -> None:
    """Overwrite one tile's bytes with zeros."""
    with tifffile.TiffFile(path) as tiff:
        image = tiff.pages[page]
        offset, count = image.dataoffsets[tile], image.databytecounts[tile]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(count))
