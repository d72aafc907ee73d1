"""Resizing of pictures in whole numbers: the same bytes on every processor, unlike OpenCV's."""

import numpy as np

from slideloom.arrays import UInt8
from slideloom.slides.resample import resample, taps

_BAND_ROWS = 64


def resized(pixels: UInt8, width: int, height: int) -> UInt8:
    """(height, width, 3) uint8: the picture stretched to a size, with the filter of slides.

    Beside the two pictures, memory is bounded by a band of rows.

    Args:
        pixels: (h, w, 3) uint8 with at least one pixel.
        width: New width, at least one.
        height: New height, at least one.
    """
    rows_in, columns_in = pixels.shape[:2]
    columns = taps(columns_in / width, 0, width)
    x = np.clip(np.arange(columns.start, columns.stop), 0, columns_in - 1)
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        rows = taps(rows_in / height, top, min(_BAND_ROWS, height - top))
        y = np.clip(np.arange(rows.start, rows.stop), 0, rows_in - 1)
        source = np.ascontiguousarray(pixels[y][:, x])
        out[top : top + _BAND_ROWS] = resample(source, rows, columns)
    return out
