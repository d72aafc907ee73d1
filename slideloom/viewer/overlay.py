"""Tiles of the layer that lies over the slide: outlines when near, density when far.

Whatever a tile shows is what the level drawn as one picture would show there. For outlines each
tile is drawn on a canvas that holds all cells which reach into it, so that no line is cut on its
way, and shifted by whole pixels, which changes no pixel.
"""

import math

import matplotlib
import numpy as np

from slideloom.arrays import Float64, UInt8
from slideloom.drawing import outlines
from slideloom.drawing.frame import Frame
from slideloom.drawing.pictures import OUTLINE_RGB
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.palette import Palette, to_png
from slideloom.viewer.pyramid import Pyramid

DRAWING = 1
"""Raised when tiles come to look different: what browsers keep is then not taken for the same."""
FAR_UM_PER_PX = 4.0
"""Beyond this a nucleus is less than two pixels: where they are dense says more."""
_RIM_PX = 4
"""A line of at most 3 px, smoothed, reaches less far beyond its outline."""
_WIDEST_PX = 1024
"""So far beyond a tile a canvas reaches at most; only outlines longer than that are cut."""
_STRONGEST_ALPHA, _FAINTEST_ALPHA = 210, 70
_COLOURS = "viridis"


def is_far(level: int, pyramid: Pyramid, mpp: float) -> bool:
    """Whether a level shows density; `mpp` is µm per level-0 px."""
    return pyramid.scale(level) * mpp > FAR_UM_PER_PX


def draw_tile(cells: CellSet, pyramid: Pyramid, mpp: float, level: int, x: int, y: int) -> bytes:
    """A tile as PNG, transparent where there is nothing.

    Args:
        cells: The cells.
        pyramid: The slide's levels.
        mpp: µm per level-0 px.
        level: The tile's level; there must be such a tile.
        x: Its column.
        y: Its row.
    """
    if is_far(level, pyramid, mpp):
        return to_png(cells.field(pyramid, level).tile(pyramid, level, x, y), DENSITY)
    return to_png(outline_tile(cells, pyramid, mpp, level, x, y), OUTLINES)


def outline_tile(cells: CellSet, pyramid: Pyramid, mpp: float, level: int, x: int, y: int) -> UInt8:
    """(h, w) uint8: how much of each pixel of a tile the outlines take."""
    scale = pyramid.scale(level)
    x0, y0, x1, y1 = pyramid.box(level, x, y)
    rim = _RIM_PX * scale
    coords, offsets, areas = cells.outlines((x0 - rim, y0 - rim, x1 + rim, y1 + rim))
    width, height = pyramid.size(level, x, y)
    if not len(areas):
        return np.zeros((height, width), np.uint8)
    origin = np.array([x * pyramid.tile_px, y * pyramid.tile_px])
    before, after = _margins(coords / scale - origin, width, height)
    shape = before[1] + height + after[1], before[0] + width + after[0]
    coverage = np.zeros(shape, np.uint8)
    frame = Frame(shape[1], shape[0], (1.0, 1.0), scale * mpp, 1)
    shifted = coords / scale - (origin - np.array(before))
    outlines.draw(coverage, frame, shifted, offsets, areas)
    return coverage[before[1] : before[1] + height, before[0] : before[0] + width]


def _margins(placed: Float64, width: int, height: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Pixels to add left and above, right and below, so that all outlines are on the canvas."""
    low, high = placed.min(axis=0).tolist(), placed.max(axis=0).tolist()
    before = tuple(_bounded(-low[axis]) for axis in range(2))
    after = tuple(_bounded(high[axis] - side) for axis, side in enumerate((width, height)))
    return before, after


def _bounded(reach: float) -> int:
    return min(max(math.ceil(reach), 0) + _RIM_PX, _WIDEST_PX)


def _density_palette() -> Palette:
    """Colours from dark to light, and the more opaque the denser."""
    colours = matplotlib.colormaps[_COLOURS](np.arange(256), bytes=True)[:, :3]
    alphas = np.linspace(_FAINTEST_ALPHA, _STRONGEST_ALPHA, 256).astype(np.uint8)
    alphas[0] = 0
    return Palette(colours.tobytes(), alphas.tobytes())


OUTLINES = Palette(
    bytes(OUTLINE_RGB) * 256, outlines.alpha(np.arange(256, dtype=np.uint8)).tobytes()
)
DENSITY = _density_palette()
