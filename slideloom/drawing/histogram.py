"""The distribution of nuclear areas, as a picture."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from slideloom.arrays import Float32
from slideloom.drawing.figures import figure_png

_BINS = 60
_SHOWN_PERCENT = 99.5
"""A few merged clumps would squeeze everybody else to the left; they are counted in a note."""
_BAR = "#4c72b0"
_MEDIAN = "#c44e52"


def area_histogram(areas_um2: Float32) -> bytes:
    """PNG: number of cells by area in µm², the median marked.

    Args:
        areas_um2: (k,) areas; none is fine.
    """
    return figure_png(6.4, 4.0, partial(_draw, areas_um2))


def _draw(areas_um2: Float32, figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.set_xlabel("nuclear area (µm²)")
    axes.set_ylabel("cells")
    axes.spines[["top", "right"]].set_visible(False)
    if not len(areas_um2):
        axes.set_title("no cells")
        axes.set_xlim(0.0, 100.0)
        axes.set_ylim(0.0, 1.0)
        axes.set_yticks([0.0])
        return
    end = max(float(np.percentile(areas_um2, _SHOWN_PERCENT)), 1.0)
    counts, edges = np.histogram(areas_um2, bins=_BINS, range=(0.0, end))
    axes.stairs(counts, edges, fill=True, color=_BAR)
    median = float(np.median(areas_um2))
    axes.axvline(median, color=_MEDIAN, linewidth=1.5, label=f"median {median:.1f} µm²")
    beyond = int((areas_um2 > end).sum())
    if beyond:
        axes.plot([], [], " ", label=f"{beyond:,} above {end:.0f} µm² not shown")
    axes.set_xlim(0.0, end)
    axes.set_title(f"{len(areas_um2):,} cells")
    axes.legend(frameon=False, loc="upper right")
