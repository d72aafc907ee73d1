"""What lies on a slide and is no tissue: pen, and black where nothing was scanned.

Ink is told from stain by which channel it absorbs least. Haematoxylin (OD 0.65, 0.70, 0.29) and
eosin (0.07, 0.99, 0.11) absorb green at least as much as red, DAB (0.27, 0.57, 0.78) absorbs blue
most (vectors: Ruifrok & Johnston 2001); blue and green ink absorb red clearly more than green.
Black ink has no colour at all, while dense nuclei stay violet. Red ink and blood cannot be told
apart by colour, so ink must also be larger than pigment and lie mostly on glass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slideloom.arrays import Bool, Float32, UInt8
from slideloom.tissue import morphology
from slideloom.tissue.parameters import TissueParameters

_FILL_LEVEL = 24
"""Unscanned black with its JPEG noise: no channel above this."""
_FILL_SHARE = 0.05
"""Black fill of a small slide may be smaller than a pen stroke, but not than this share of it."""
_FILL_RIM_PX = 3
_RIM_PX = 1.5


@dataclass(frozen=True, slots=True)
class _Ink:
    """Pixels that are surely one ink, and those that may be its faded rim; (h, w) bool each."""

    sure: Bool
    faded: Bool


def black_fill(pixels: UInt8, od: Float32, um_per_px: float, parameters: TissueParameters) -> Bool:
    """(h, w) bool: large areas of flat near-black, with the grey rim that a thumbnail blends."""
    floor_px = parameters.ink_um2 / um_per_px**2
    least = max(min(floor_px, _FILL_SHARE * pixels[..., 0].size), 1.0)
    fill = morphology.drop_small(pixels.max(axis=2) <= _FILL_LEVEL, least)
    return fill | (morphology.dilate(fill, _FILL_RIM_PX) & _colourless(od, 0.05))


def pen(od: Float32, glass: Bool, um_per_px: float, parameters: TissueParameters) -> Bool:
    """(h, w) bool: strokes of black, blue, green and red pen on glass.

    Args:
        od: (h, w, 3) float32 optical density.
        glass: (h, w) bool, what looks like glass.
        um_per_px: Size of a pixel.
        parameters: `ink_um2`, `ink_on_glass` and `ink_margin_um` are used.
    """
    found = np.zeros(glass.shape, np.bool_)
    margin_px = parameters.ink_margin_um / um_per_px
    for ink in _inks(od):
        strokes = _strokes(ink, glass, um_per_px, parameters)
        if strokes.any():
            found |= strokes | (ink.faded & morphology.dilate(strokes, margin_px))
    return morphology.dilate(found, _RIM_PX)


def _inks(od: Float32) -> Iterator[_Ink]:
    red, green, blue = od[..., 0], od[..., 1], od[..., 2]
    yield _Ink((od.mean(axis=2) >= 0.75) & _colourless(od, 0.0), _colourless(od, 0.15))
    cool = red - green
    yield _Ink((cool >= 0.20) & (red >= 0.5), cool >= 0.05)
    warm: Bool = (red <= 0.20) & (blue >= 0.6 * green)
    yield _Ink(warm & (green >= 0.75), warm & (green >= 0.10))


def _colourless(od: Float32, least_od: float) -> Bool:
    """(h, w) bool: the channels differ by less than a quarter of the OD, which is `least_od`."""
    mean = od.mean(axis=2)
    spread = od.max(axis=2) - od.min(axis=2)
    grey: Bool = (spread <= np.maximum(0.25 * mean, 0.03)) & (mean >= least_od)
    return grey


def _strokes(ink: _Ink, glass: Bool, um_per_px: float, parameters: TissueParameters) -> Bool:
    """Large pieces of an ink whose surroundings are mostly glass."""
    large = morphology.drop_small(ink.sure, max(parameters.ink_um2 / um_per_px**2, 1.0))
    labels, area = morphology.pieces(large, 8)
    keep = np.zeros(len(area), np.bool_)
    margin_px = parameters.ink_margin_um / um_per_px
    for label in range(1, len(area)):
        piece = labels == label
        ring = morphology.dilate(piece, margin_px) & ~(piece | ink.faded)
        keep[label] = ring.any() and float(glass[ring].mean()) >= parameters.ink_on_glass
    strokes: Bool = keep[labels]
    return strokes
