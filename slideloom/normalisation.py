"""Intensity normalisation: one pair of constants per channel and slide, never per tile.

With percentiles taken tile by tile, only 56 % of the objects of a tiled run equal those of the
untiled run; with one pair for the slide, all of them do (docs/decisions/0003).
"""

from dataclasses import dataclass

import numpy as np

from slideloom.arrays import Float32, Int64, UInt8

PERCENTILE = 0.1
"""InstanSeg's own percentile (`percentile_normalize`): 0.1 and 99.9."""
SMALLEST_RANGE = 32.0
"""Grey levels between low and high, at least: else a blank slide's noise would fill the range, and
a uniform one would come out black, which is what nuclei look like."""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Grey levels that map to 0 and 1, for R, G and B."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def apply(self, pixels: UInt8) -> Float32:
        """(..., 3) uint8 to (..., 3) float32: (x - low) / (high - low) per channel."""
        low = np.asarray(self.low, np.float32)
        return (pixels.astype(np.float32) - low) / (np.asarray(self.high, np.float32) - low)


IDENTITY = Normalisation((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))


def histogram(pixels: UInt8) -> Int64:
    """(3, 256) int64 counts of the grey levels of (n, 3) or (h, w, 3) uint8 pixels."""
    flat = pixels.reshape(-1, 3)
    return np.stack([np.bincount(flat[:, c], minlength=256) for c in range(3)]).astype(np.int64)


def from_histogram(counts: Int64) -> Normalisation:
    """Normalisation from (3, 256) counts; exact, whatever order the pixels were counted in.

    No pixel at all (a slide without tissue) gives `IDENTITY`. A range below `SMALLEST_RANGE` is
    widened at its dark end.
    """
    if not counts.sum():
        return IDENTITY
    high = [_percentile(channel, 100.0 - PERCENTILE) for channel in counts]
    low = [
        min(_percentile(channel, PERCENTILE), top - SMALLEST_RANGE)
        for channel, top in zip(counts, high, strict=True)
    ]
    return Normalisation((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def _percentile(counts: Int64, percent: float) -> float:
    """NumPy's default (linear) percentile of the values that the histogram counts."""
    cumulative = np.cumsum(counts)
    rank = (float(cumulative[-1]) - 1.0) * percent / 100.0
    below, above = np.searchsorted(cumulative, [np.floor(rank), np.ceil(rank)], side="right")
    return float(below + (above - below) * (rank - np.floor(rank)))
