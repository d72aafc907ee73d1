"""Draws made slides and prints digests, for tests that start it in an environment of their own.

Run it as ``python -m tests.unit.drawing.render``.
"""

import hashlib
import json

import cv2
import numpy as np

from slideloom.drawing import Pictures, preview_jpeg
from tests.unit.tissue import drawn

_CORNERS = 12
_CV_CPU_AVX2 = 11


def made(height: int, width: int, cells: int, max_side_px: int) -> Pictures:
    """A noisy slide with round cells on it, some beyond its edge."""
    random = np.random.default_rng(5)
    slide = drawn.MemorySlide(random.integers(0, 256, (height, width, 3), np.uint8), 0.5)
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    centres = random.uniform(0, [width, height], (cells, 2))
    radii = random.uniform(4, 10, cells)
    rings = centres[:, None] + radii[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    pictures = Pictures(slide, max_side_px)
    offsets = np.arange(cells + 1, dtype=np.int64) * _CORNERS
    pictures.add(np.round(rings.reshape(-1, 2), 2), offsets, np.pi * (radii * 0.5) ** 2)
    return pictures


def digests() -> dict[str, str]:
    """SHA-256 of every picture of an enlarged, an untouched and a reduced slide."""
    found = {}
    for shape in ((200, 260, 40, 4096), (700, 1100, 400, 4096), (1300, 900, 900, 300)):
        pictures = made(*shape)
        contents = {**dict(pictures.files()), "preview": preview_jpeg(pictures.combined(), 333)}
        for name, content in contents.items():
            found[f"{shape} {name}"] = hashlib.sha256(content).hexdigest()
    return found


if __name__ == "__main__":
    features = [cv2.checkHardwareSupport(_CV_CPU_AVX2), cv2.ipp.useIPP()]
    print(json.dumps({"opencv": features, "pictures": digests()}))
