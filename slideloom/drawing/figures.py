"""Matplotlib without its global state: no pyplot, no display, the same bytes each time."""

import io
from threading import Lock

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 150
_drawing = Lock()
"""Matplotlib's text layout keeps caches that it does not guard against threads."""


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty white figure that draws to memory."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_png(figure: Figure) -> bytes:
    """The figure as PNG, without the time and the version that matplotlib would write into it."""
    stream = io.BytesIO()
    with _drawing:
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
