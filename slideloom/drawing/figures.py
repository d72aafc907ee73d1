"""Matplotlib without its global state: no pyplot, no display, the same bytes for every user."""

import io
from collections.abc import Callable
from threading import Lock
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 150
_drawing = Lock()
"""Guards matplotlib's settings, and the caches of its text layout, which it does not guard."""

_SETTINGS: dict[Any, Any] = {
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"},
    "font.family": ["DejaVu Sans"],
}
"""Matplotlib's own defaults, whatever the user's `matplotlibrc` says. The fonts that matplotlib
ships come first in its list, so a DejaVu Sans of the system is not taken. The backend is the
canvas's; to set it would load pyplot."""


def figure_png(width_in: float, height_in: float, draw: Callable[[Figure], None]) -> bytes:
    """A white figure as PNG, without the time and the version that matplotlib would write into it.

    Matplotlib reads its settings from one global table while artists are made and again while they
    are drawn, so both happen here, one figure at a time, and the table is put back afterwards.
    Nothing else in slideloom uses matplotlib; where slideloom runs inside a program that does,
    another thread of it may see the defaults while a picture is drawn.

    Args:
        width_in: Width in inches, at `DPI`.
        height_in: Height in inches.
        draw: Fills the empty figure. Must not call `figure_png`.
    """
    stream = io.BytesIO()
    with _drawing, matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
