"""Slides that are drawn, not scanned."""

from pathlib import Path

import cv2
import numpy as np

from slideloom.arrays import Bool, UInt8
from slideloom.slides import Level, PixelSize, Slide

EOSIN = (225, 150, 190)
PALE_EOSIN = (234, 222, 230)
HAEMATOXYLIN = (95, 60, 135)
DAB = (120, 75, 45)
COUNTERSTAIN = (150, 165, 200)


class MemorySlide(Slide):
    """A slide of one level in memory."""

    def __init__(self, pixels: UInt8, mpp: float = 8.0) -> None:
        self.path = Path("drawn")
        self.format = "image"
        self.mpp = PixelSize(mpp, mpp, "user")
        self.levels = (Level(pixels.shape[1], pixels.shape[0], 1.0, 1.0),)
        self.pixels = pixels
        self.reads = 0

    def read(self, level: int, x: int, y: int, width: int, height: int) -> UInt8:
        self.reads += 1
        out = np.full((height, width, 3), 255, np.uint8)
        x0, x1 = max(x, 0), min(x + width, self.width_px)
        y0, y1 = max(y, 0), min(y + height, self.height_px)
        if x0 < x1 and y0 < y1:
            out[y0 - y : y1 - y, x0 - x : x1 - x] = self.pixels[y0:y1, x0:x1]
        return out

    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def close(self) -> None:
        return None


def glass(height: int, width: int, colour: tuple[int, int, int], noise: float = 1.0) -> UInt8:
    """Empty glass with sensor noise."""
    random = np.random.default_rng(7)
    pixels = np.array(colour) + random.normal(0, noise, (height, width, 3))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def disc(shape: tuple[int, ...], x: int, y: int, radius: int) -> Bool:
    """(h, w) bool: a disc."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside: Bool = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    return inside


def stain(pixels: UInt8, where: Bool, colour: tuple[int, int, int], nuclei: bool = True) -> None:
    """Tissue of a colour, uneven as tissue is, with one darker pixel in six for its nuclei."""
    random = np.random.default_rng(11)
    count = int(where.sum())
    drawn = np.array(colour) + random.normal(0, 5, (count, 1)) + random.normal(0, 1, (count, 3))
    if nuclei:
        drawn[random.random(count) < 1 / 6] -= 30
    pixels[where] = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def pen(pixels: UInt8, colour: tuple[int, int, int], points: list[tuple[int, int]]) -> Bool:
    """A pen stroke 0.2 mm wide at 8 µm per pixel; gives what it covers."""
    line = np.array(points, np.int32)
    cv2.polylines(pixels, [line], False, colour, 25, cv2.LINE_AA)
    drawn = np.zeros(pixels.shape[:2], np.uint8)
    cv2.polylines(drawn, [line], False, 1, 25)
    return drawn > 0
