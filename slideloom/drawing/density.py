"""Cells per mm² of tissue over the slide: counted in bins, smoothed, drawn as a heat map."""

import math

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from slideloom.arrays import Float32, Float64
from slideloom.drawing.figures import figure_png, new_figure
from slideloom.slides import Slide
from slideloom.tissue import TissueMask

_MAX_BINS = 512
_WIDEST_SIGMA_PX = 128.0
_BANDWIDTHS_PER_SIDE = 30
_BANDWIDTH_UM = (15.0, 100.0)
"""Sigma of the smoothing: from two nuclei, on a small field of view, to a lobule."""
_TOP_PERCENT = 99.0
"""The colours end here: one crowded follicle must not darken the rest of the slide."""
_SHOWN_TISSUE = 0.3
"""A bin is drawn if at least this share of it is tissue."""
_COLOURS = "viridis"
_GROUND = "#e8e8e8"
_LONGER_IN = 6.0


class DensityMap:
    """Counts the cells of a slide as they come; memory does not grow with their number.

    Attributes:
        bin_um: Side of a bin.
        counts: (rows, columns) float32 number of cells.
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
        self.counts = np.zeros(shape, np.float32)

    def add(self, centres: Float64) -> None:
        """Count cells by their centres, (k, 2) level-0 px; points off the slide go to its edge."""
        rows, columns = self.counts.shape
        at = np.floor(centres * self._mpp / self.bin_um).astype(np.int64)
        x, y = np.clip(at[:, 0], 0, columns - 1), np.clip(at[:, 1], 0, rows - 1)
        found = np.bincount(y * columns + x, minlength=rows * columns)
        self.counts += found.reshape(rows, columns).astype(np.float32)

    def per_mm2(self) -> Float32:
        """(rows, columns) float32 cells per mm² of tissue; NaN where there is no tissue.

        Counts and tissue area are smoothed alike and divided, so that the density next to glass is
        not diluted by it (Nadaraya and Watson's ratio, with the area as weight).
        """
        share = self._tissue_share()
        sigma = min(max(self._sigma_um / self.bin_um, 1.0), _WIDEST_SIGMA_PX)
        area = _smooth(share, sigma) * np.float32(self.bin_um**2 * 1e-6)
        answer = np.full(self.counts.shape, np.nan, np.float32)
        np.divide(_smooth(self.counts, sigma), area, out=answer, where=share >= _SHOWN_TISSUE)
        return answer

    def _tissue_share(self) -> Float32:
        """(rows, columns) float32: how much of each bin is tissue, by 4 × 4 points in it."""
        rows, columns = self.counts.shape
        x = (np.arange(4 * columns) + 0.5) * self.bin_um / 4 / self._mpp[0]
        y = (np.arange(4 * rows) + 0.5) * self.bin_um / 4 / self._mpp[1]
        inside = self._tissue.covers(x[None, :], y[:, None])
        share: Float32 = inside.reshape(rows, 4, columns, 4).mean(axis=(1, 3), dtype=np.float32)
        return share

    def png(self) -> bytes:
        """The map with its colour bar and a scale bar."""
        density = self.per_mm2()
        known = density[np.isfinite(density)]
        top = float(np.percentile(known, _TOP_PERCENT)) if len(known) else 0.0
        clipped = bool(len(known)) and float(known.max()) > top
        figure = new_figure(*self._figure_size())
        axes = figure.add_subplot()
        norm = Normalize(0.0, top if top > 0 else 1.0)
        extent = (0.0, density.shape[1] * self.bin_um, density.shape[0] * self.bin_um, 0.0)
        axes.imshow(density, cmap=_COLOURS, norm=norm, extent=extent, interpolation="nearest")
        axes.set_xlim(0.0, self._um[0])
        axes.set_ylim(self._um[1], 0.0)
        axes.set_facecolor(_GROUND)
        axes.set_xticks([])
        axes.set_yticks([])
        self._add_bars(figure, axes, norm, clipped)
        return figure_png(figure)

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


def _smooth(values: Float32, sigma: float) -> Float32:
    smoothed = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return smoothed.reshape(values.shape).astype(np.float32, copy=False)


def _round_length(at_most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(at_most))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= at_most) * power)
