"""Files that tenants upload."""

import io
from pathlib import Path

import numpy as np
import tifffile

from tests.helpers.slides import drawn_tissue

MPP = 0.5
_TILE = (256, 256)


def tiled_tiff(width: int = 700, height: int = 500, seed: int = 1) -> bytes:
    """A tiled TIFF of drawn tissue with two levels, which says its pixel size."""
    pixels = drawn_tissue(width, height, seed)
    made = io.BytesIO()
    with tifffile.TiffWriter(made) as writer:
        for step in (1, 2):
            writer.write(
                np.ascontiguousarray(pixels[::step, ::step]),
                tile=_TILE,
                photometric="rgb",
                compression="jpeg",
                resolution=(1e4 / (MPP * step), 1e4 / (MPP * step)),
                resolutionunit="CENTIMETER",
                subfiletype=int(step > 1),
                metadata=None,
            )
    return made.getvalue()


def padded(path: Path, size: int) -> Path:
    """A slide of so many bytes: a BigTIFF, and zeros behind it that take no room on the disk."""
    pixels = drawn_tissue(300, 200, 1)
    tifffile.imwrite(
        path, pixels, bigtiff=True, tile=_TILE, photometric="rgb", compression="jpeg", metadata=None
    )
    with path.open("r+b") as file:
        file.truncate(size)
    return path


def left_behind(*folders: Path) -> list[str]:
    """Files below these folders."""
    return [str(path) for folder in folders for path in folder.rglob("*") if path.is_file()]
