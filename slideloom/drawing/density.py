"""Cells per mm² of tissue over the slide: counted in bins, smoothed, drawn as a heat map.

Counting and smoothing are done in whole numbers, and the colours are chosen before matplotlib sees
the map, so that the picture's bytes are the same on every processor.
"""

import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from slideloom.arrays import Float64, Int64, UInt8
from slideloom.drawing.figures import figure_png
from slideloom.slides import Slide
from slideloom.tissue import TissueMask

_MAX_BINS = 512
_WIDEST_SIGMA_PX = 128.0
_BANDWIDTHS_PER_SIDE = 30
_BANDWIDTH_UM = (15.0, 100.0)
"""Sigma of the smoothing: from two nuclei, on a small field of view, to a lobule."""
_TOP_PERCENT = 99.0
"""The colours end here: one crowded follicle must not darken the rest of the slide."""
_POINTS_PER_SIDE = 4
_POINTS = _POINTS_PER_SIDE**2
"""Points in a bin at which the tissue is looked up."""
_SHOWN_POINTS = 5
"""A bin is drawn if at least so many of its 16 points are tissue."""
_WEIGHT_BITS = 18
"""Weights of the smoothing are whole multiples of 2**-18 of their sum. A product of two of them and
the cells in a bin stays below 2**63 for half a billion cells in one bin."""
_REACH_SIGMAS = 4.0
_COLOURS = "viridis"
_GROUND = (232, 232, 232)
_LONGER_IN = 6.0


class DensityMap:
    """Counts the cells of a slide as they come; memory does not grow with their number.

    Attributes:
        bin_um: Side of a bin.
        counts: (rows, columns) int64 number of cells.
    """

    def __init__(self, slide: Slide, tissue: TissueMask) -> None:
        """Empty bins over the slide."""
        self._um = (slide.width_px * slide.mpp.x, slide.height_px * slide.mpp.y)
        self._mpp = np.array([slide.mpp.x, slide.mpp.y])
        self._tissue = tissue
        longer = max(self._um)
        self.bin_um = max(longer / _MAX_BINS, slide.mpp.x, slide.mpp.y)
        self._sigma_um = min(max(longer / _BANDWIDTHS_PER_SIDE, _BANDWIDTH_UM[0]), _BANDWIDTH_UM[1])
        shape = [max(1, math.ceil(side / self.bin_um)) for side in self._um[::-1]]
        self.counts = np.zeros(shape, np.int64)

    def add(self, centres: Float64) -> None:
        """Count cells by their centres, (k, 2) level-0 px; points off the slide go to its edge."""
        rows, columns = self.counts.shape
        at = np.floor(centres * self._mpp / self.bin_um).astype(np.int64)
        x, y = np.clip(at[:, 0], 0, columns - 1), np.clip(at[:, 1], 0, rows - 1)
        found = np.bincount(y * columns + x, minlength=rows * columns)
        self.counts += found.reshape(rows, columns)

    def per_mm2(self) -> Float64:
        """(rows, columns) float64 cells per mm² of tissue; NaN where there is no tissue.

        Counts and tissue area are smoothed alike and divided, so that the density next to glass is
        not diluted by it (Nadaraya and Watson's ratio, with the area as weight).
        """
        tissue = self._tissue_points()
        weights = _weights(min(max(self._sigma_um / self.bin_um, 1.0), _WIDEST_SIGMA_PX))
        area = _smooth(tissue, weights) * (self.bin_um**2 * 1e-6 / _POINTS)
        answer = np.full(self.counts.shape, np.nan)
        np.divide(_smooth(self.counts, weights), area, out=answer, where=tissue >= _SHOWN_POINTS)
        return answer

    def _tissue_points(self) -> Int64:
        """(rows, columns) int64: at how many of 4 × 4 points in it each bin is tissue."""
        rows, columns = self.counts.shape
        side, step_um = _POINTS_PER_SIDE, self.bin_um / _POINTS_PER_SIDE
        x = (np.arange(side * columns) + 0.5) * step_um / self._mpp[0]
        y = (np.arange(side * rows) + 0.5) * step_um / self._mpp[1]
        inside = self._tissue.covers(x[None, :], y[:, None])
        points: Int64 = inside.reshape(rows, side, columns, side).sum(axis=(1, 3), dtype=np.int64)
        return points

    def png(self) -> bytes:
        """The map with its colour bar and a scale bar."""
        density = self.per_mm2()
        known = density[np.isfinite(density)]
        top = float(np.percentile(known, _TOP_PERCENT)) if len(known) else 0.0
        clipped = bool(len(known)) and float(known.max()) > top
        top = top if top > 0 else 1.0
        pixels = _coloured(density, top)

        def draw(figure: Figure) -> None:
            axes = figure.add_subplot()
            extent = (0.0, pixels.shape[1] * self.bin_um, pixels.shape[0] * self.bin_um, 0.0)
            axes.imshow(pixels, extent=extent, interpolation="nearest")
            axes.set_xlim(0.0, self._um[0])
            axes.set_ylim(self._um[1], 0.0)
            axes.set_xticks([])
            axes.set_yticks([])
            self._add_bars(figure, axes, Normalize(0.0, top), clipped)

        return figure_png(*self._figure_size(), draw)

    def _figure_size(self) -> tuple[float, float]:
        """Width and height in inches, with room for the colour bar; no side below 2."""
        longer = max(self._um)
        width, height = (max(_LONGER_IN * side / longer, 2.0) for side in self._um)
        return width + 1.2, height + 0.6

    def _add_bars(self, figure: Figure, axes: Axes, norm: Normalize, clipped: bool) -> None:
        colours = ScalarMappable(norm, _COLOURS)
        extend = "max" if clipped else "neither"
        bar = figure.colorbar(colours, ax=axes, extend=extend, shrink=0.8)
        bar.set_label("cells per mm² of tissue")
        length_um = _round_length(self._um[0] / 4)
        label = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
        axes.set_xlabel(label, loc="left", labelpad=14)
        # The scale bar hangs below the map, above its label, where it covers nothing.
        scale_bar = Rectangle(
            (0.0, -0.02),
            length_um / self._um[0],
            0.01,
            transform=axes.transAxes,
            color="black",
            clip_on=False,
        )
        axes.add_patch(scale_bar)


def _weights(sigma: float) -> Int64:
    """(r + 1,) int64: half of a Gaussian, from its middle outwards.

    Rounding to whole numbers takes away what one processor's exponential differs from another's.
    """
    reach = math.ceil(_REACH_SIGMAS * sigma)
    half = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(reach + 1)]
    one = 2**_WEIGHT_BITS / (2.0 * math.fsum(half) - half[0])
    return np.array([round(weight * one) for weight in half], np.int64)


def _smooth(values: Int64, weights: Int64) -> Int64:
    """Smoothed along both axes, nothing beyond the edge; 2**36 times as large."""
    columns = _smooth_down(values, weights).T
    return np.ascontiguousarray(_smooth_down(np.ascontiguousarray(columns), weights).T)


def _smooth_down(values: Int64, weights: Int64) -> Int64:
    smoothed: Int64 = values * weights[0]
    for step in range(1, min(len(weights), len(values))):
        smoothed[step:] += values[:-step] * weights[step]
        smoothed[:-step] += values[step:] * weights[step]
    return smoothed


def _coloured(density: Float64, top: float) -> UInt8:
    """(rows, columns, 3) uint8 RGB, `top` and all above it in the last colour, NaN in grey."""
    colours = matplotlib.colormaps[_COLOURS]
    table: UInt8 = colours(np.arange(colours.N), bytes=True)[:, :3]
    known = np.isfinite(density)
    index = np.minimum(density[known] * (colours.N / top), colours.N - 1).astype(np.int64)
    pixels = np.full((*density.shape, 3), _GROUND, np.uint8)
    pixels[known] = table[index]
    return pixels


def _round_length(at_most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(at_most))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= at_most) * power)
