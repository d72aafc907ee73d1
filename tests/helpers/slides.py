"""Slides in memory and drawn tissue, for tests that need no file."""

from pathlib import Path

import cv2
import numpy as np

from slideloom.arrays import UInt8
from slideloom.slides import Level, PixelSize, Slide


class ArraySlide(Slide):
    """A slide that is an array; level 0 only."""

    def __init__(self, pixels: UInt8, mpp: float = 0.5) -> None:
        self.pixels = pixels
        self.path = Path("array.png")
        self.format = "image"
        self.mpp = PixelSize(mpp, mpp, "user")
        self.levels = (Level(pixels.shape[1], pixels.shape[0], 1.0, 1.0),)

    def read(self, level: int, x: int, y: int, width: int, height: int) -> UInt8:
        out = np.full((height, width, 3), 255, np.uint8)
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + width, self.width_px), min(y + height, self.height_px)
        if x0 < x1 and y0 < y1:
            out[y0 - y : y1 - y, x0 - x : x1 - x] = self.pixels[y0:y1, x0:x1]
        return out

    def files(self) -> tuple[Path, ...]:
        return ()

    def close(self) -> None:
        pass


def drawn_tissue(width: int, height: int, seed: int, density: float = 0.004) -> UInt8:
    """(height, width, 3) uint8: dark elliptic nuclei of 8 to 26 px on pink, some on the edges."""
    rng = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), (225, 180, 205), np.uint8)
    for _ in range(int(width * height * density)):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        axes = (int(rng.integers(4, 13)), int(rng.integers(4, 13)))
        shade = int(rng.integers(40, 110))
        cv2.ellipse(
            pixels, centre, axes, float(rng.integers(0, 180)), 0, 360, (shade, shade // 2, 130), -1
        )
    noise = rng.integers(-6, 7, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)
