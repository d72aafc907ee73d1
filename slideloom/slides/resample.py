"""Exact separable resampling of 8-bit pixels along a global grid.

Output pixel i covers the input interval [i·r, (i+1)·r). Its value is the sum of the inputs under a
triangle of half-width max(r, 1) round the interval's centre: bilinear interpolation for r < 1, an
area-like average without aliasing for r > 1. This is the filter that Pillow calls BILINEAR
(`Image.resize`, libImaging/Resample.c).

Weights are integers that sum to 2**16, computed from the output pixel's global index alone. All
products and sums are integers below 2**24, which float32 holds exactly, so the matrix product gives
one and the same result in whatever order, on whatever machine, and for whatever rectangle.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from slideloom.arrays import Float32, Int64, UInt8

_WEIGHT_BITS = 16
_ONE = 1 << _WEIGHT_BITS
_GROUP_INPUT_PX = 16
_GROUP_MAX = 8
_SMALL_PRODUCT = 200_000
"""Multiplications in one matrix product. OpenBLAS starts threads above 262,144 of them, and its
threads spin: with busy cores a product then takes a hundred times longer."""


@dataclass(frozen=True, slots=True)
class Taps:
    """What the output pixels of one axis are made of.

    Attributes:
        first: (n,) int64: index of the first input pixel of each output pixel; may lie outside the
            input, whose edge pixel then stands for what is missing.
        weights: (n, t) int64, each row sums to 2**16: the weight of inputs first … first + t - 1.
    """

    first: Int64
    weights: Int64

    @property
    def start(self) -> int:
        """First input pixel needed by any of the output pixels."""
        return int(self.first[0])

    @property
    def stop(self) -> int:
        """One after the last input pixel needed."""
        width: int = self.weights.shape[1]
        return int(self.first[-1]) + width


def taps(ratio: float, start: int, count: int) -> Taps:
    """Taps of output pixels start … start + count - 1.

    Args:
        ratio: Input pixels per output pixel, > 0.
        start: Global index of the first output pixel.
        count: Number of output pixels, at least one.
    """
    if ratio == 1.0:
        first = np.arange(start, start + count, dtype=np.int64)
        return Taps(first, np.full((count, 1), _ONE, dtype=np.int64))
    support = max(ratio, 1.0)
    centre = (np.arange(start, start + count, dtype=np.float64) + 0.5) * ratio
    first = np.floor(centre - support).astype(np.int64)
    width = int(np.ceil(2.0 * support)) + 1
    inputs = first[:, None] + np.arange(width, dtype=np.int64)[None, :]
    distance = np.abs((inputs + 0.5) - centre[:, None]) / support
    raw = np.maximum(1.0 - distance, 0.0)
    # A running sum adds in one fixed order; np.sum may pair terms differently by version.
    total = np.cumsum(raw, axis=1)[:, -1:]
    weights = np.floor(raw / total * _ONE + 0.5).astype(np.int64)
    residue = _ONE - weights.sum(axis=1)
    weights[np.arange(count), np.argmax(weights, axis=1)] += residue
    return Taps(first, weights)


def resample(source: UInt8, rows: Taps, columns: Taps) -> UInt8:
    """Resample a region along both axes.

    Args:
        source: (rows.stop - rows.start, columns.stop - columns.start, 3) uint8: exactly the input
            pixels that the taps ask for.
        rows: Taps along y.
        columns: Taps along x.

    Returns:
        (len(rows.first), len(columns.first), 3) uint8, C-contiguous. Rounded half up to 8 bits
        after each of the two passes.
    """
    vertical = _along_first_axis(source, rows)
    if columns.weights.shape[1] == 1:
        return vertical
    return _transpose(_along_first_axis(_transpose(vertical), columns))


def _transpose(pixels: UInt8) -> UInt8:
    """Swap rows and columns of (h, w, 3); ten times faster than NumPy's copy."""
    return np.asarray(cv2.transpose(pixels), dtype=np.uint8)


def _along_first_axis(source: UInt8, filt: Taps) -> UInt8:
    """Resample (k, m, 3) along its first axis."""
    if filt.weights.shape[1] == 1:
        return source
    flat = source.reshape(source.shape[0], -1)
    count, columns = filt.first.size, flat.shape[1]
    out = np.empty((count, columns), dtype=np.uint8)
    ratio = (filt.stop - filt.start) / count
    group = int(min(max(_GROUP_INPUT_PX // ratio, 2), _GROUP_MAX))
    for begin in range(0, count, group):
        end = min(begin + group, count)
        low = int(filt.first[begin]) - filt.start
        matrix = _band(filt, begin, end)
        high = low + matrix.shape[1]
        step = max(_SMALL_PRODUCT // matrix.size, 1)
        for left in range(0, columns, step):
            part = slice(left, left + step)
            out[begin:end, part] = _weigh(matrix, flat[low:high, part])[: end - begin]
    return out.reshape(count, *source.shape[1:])


def _band(filt: Taps, begin: int, end: int) -> Float32:
    """Weights of outputs begin … end - 1 as a dense matrix over the inputs they share.

    At least two rows, the second empty if need be: a product with one row takes another way
    through OpenBLAS, which starts threads far sooner.
    """
    offset = filt.first[begin:end] - filt.first[begin]
    width = filt.weights.shape[1]
    matrix = np.zeros((max(end - begin, 2), int(offset[-1]) + width), dtype=np.float32)
    rows = np.arange(end - begin)[:, None]
    matrix[rows, offset[:, None] + np.arange(width)] = filt.weights[begin:end]
    return matrix


def _weigh(matrix: Float32, inputs: UInt8) -> UInt8:
    """Weighted sums, rounded half up; exact because every number is an integer below 2**24."""
    sums = matrix @ inputs.astype(np.float32)
    sums += np.float32(_ONE // 2)
    sums *= np.float32(1.0 / _ONE)
    return sums.astype(np.uint8)
