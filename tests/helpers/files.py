"""Slides on disk, made by the tests."""

from pathlib import Path

import cv2

from slideloom.arrays import UInt8
from tests.helpers.slides import drawn_tissue


def write_png(path: Path, pixels: UInt8) -> Path:
    """A PNG without a pixel size."""
    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
    return path


def drawn_slide(path: Path, width: int = 900, height: int = 700, seed: int = 1) -> Path:
    """A PNG of drawn tissue; its pixel size has to be given."""
    return write_png(path, drawn_tissue(width, height, seed))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
