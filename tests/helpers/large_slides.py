"""Slides of any size that are tissue from edge to edge: the sample's skin, mirrored."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

from slideloom.arrays import UInt8
from slideloom.sample import fetch_sample
from slideloom.slides import open_slide

MPP = 0.499
"""The sample's pixel size; what is written does not say it."""
_X, _Y, _WIDTH, _HEIGHT = 880, 1840, 480, 1080
"""A part of the sample without any glass, in its level-0 px."""
_TILE_PX = 256


def large_slide(path: Path, megapixels: float) -> Path:
    """A square tiled TIFF, JPEG-compressed as scanners do it, of at least so many megapixels.

    Mirroring leaves no seam: what lies beside a fold goes on at the other side.
    """
    skin = _skin()
    side = int(np.ceil(np.sqrt(megapixels * 1e6)))
    pixels = np.pad(skin, ((0, side - _HEIGHT), (0, side - _WIDTH), (0, 0)), "symmetric")
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(
        path, pixels, tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None
    )
    return path


def scanned_slide(path: Path, side_px: int) -> Path:
    """A square pyramid as a scanner writes it, each level a quarter of the one before.

    It holds only as many pixels in memory as a tile has: level 0 may be a gigapixel.
    """
    skin = _skin()
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for level in range(4):
            side = -(-side_px // 4**level)
            writer.write(
                _tiles(skin, side),
                shape=(side, side, 3),
                dtype=np.uint8,
                tile=(_TILE_PX, _TILE_PX),
                photometric="rgb",
                compression="jpeg",
                resolution=(1e4 / (MPP * 4**level),) * 2,
                resolutionunit="CENTIMETER",
                subfiletype=int(level > 0),
                metadata=None,
            )
    return path


def _tiles(skin: UInt8, side: int) -> Iterator[UInt8]:
    """Tiles of a level, row by row: parts of the skin."""
    rng, rows = np.random.default_rng(side), -(-side // _TILE_PX)
    for _ in range(rows * rows):
        y, x = rng.integers(0, (_HEIGHT - _TILE_PX, _WIDTH - _TILE_PX)).tolist()
        yield np.ascontiguousarray(skin[y : y + _TILE_PX, x : x + _TILE_PX])


def _skin() -> UInt8:
    with open_slide(fetch_sample()) as sample:
        return sample.read(0, _X, _Y, _WIDTH, _HEIGHT)
