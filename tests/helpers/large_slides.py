"""Slides of any size that are tissue from edge to edge: the sample's skin, mirrored."""

from pathlib import Path

import numpy as np
import tifffile

from slideloom.sample import fetch_sample
from slideloom.slides import open_slide

MPP = 0.499
"""The sample's pixel size; what is written does not say it."""
_X, _Y, _WIDTH, _HEIGHT = 880, 1840, 480, 1080
"""A part of the sample without any glass, in its level-0 px."""


def large_slide(path: Path, megapixels: float) -> Path:
    """A square tiled TIFF, JPEG-compressed as scanners do it, of at least so many megapixels.

    Mirroring leaves no seam: what lies beside a fold goes on at the other side.
    """
    with open_slide(fetch_sample()) as sample:
        skin = sample.read(0, _X, _Y, _WIDTH, _HEIGHT)
    side = int(np.ceil(np.sqrt(megapixels * 1e6)))
    pixels = np.pad(skin, ((0, side - _HEIGHT), (0, side - _WIDTH), (0, 0)), "symmetric")
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(
        path, pixels, tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None
    )
    return path
