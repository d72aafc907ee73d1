"""Finding the tissue of a slide on a small picture of it.

Peers threshold a saturation or grey histogram of the whole picture (wsinfer: HSV saturation above
7; Otsu elsewhere). Otsu always finds two classes, also where there is one: it cuts a slide without
glass in two and finds tissue on an empty one. Here the glass is looked for first (`glass.estimate`)
and everything is measured against it. What differs from glass is tissue if it is

- coloured: its OD without brightness is further from glass than the glass's own noise, or
- a little darker and textured: fat's edges, grey unstained tissue, or
- plainly darker, whatever its colour.

Shaded glass is darker, but neither coloured nor textured, and stays glass. Where no glass is found,
white takes its place, and a slide that is all tissue comes out as all tissue. The noise of the
glass raises the bounds within limits that are fixed in physical terms.
"""

import cv2
import numpy as np

from slideloom.arrays import Bool, Float32, UInt8
from slideloom.slides import Slide, read_whole
from slideloom.tissue import glass as glass_
from slideloom.tissue import ink, morphology
from slideloom.tissue.glass import Glass
from slideloom.tissue.mask import TissueMask
from slideloom.tissue.parameters import DEFAULTS, TissueParameters

_SIGMAS = 5.0
_SPECK_SHARE = 0.01
"""No piece larger than this share of the slide is called dust: a small field of view has few."""
_SMOOTH_PX = 3


def mask_pixel_um(slide: Slide, parameters: TissueParameters = DEFAULTS) -> float:
    """µm per mask pixel of this slide: `pixel_um` unless the slide is small or giant."""
    longer_um = max(slide.width_px * slide.mpp.x, slide.height_px * slide.mpp.y)
    wanted = min(parameters.pixel_um, longer_um / parameters.min_side_px)
    finest = max(slide.mpp.x, slide.mpp.y)
    return max(wanted, longer_um / parameters.max_side_px, finest)


def detect_tissue(slide: Slide, parameters: TissueParameters = DEFAULTS) -> TissueMask:
    """The tissue of a slide; an empty mask is a valid answer. Deterministic.

    Raises:
        SlideUnreadable: The file breaks somewhere.
    """
    um_per_px = mask_pixel_um(slide, parameters)
    pixels, scale = read_whole(slide, um_per_px)
    mask = find_tissue(pixels, um_per_px, parameters)
    return TissueMask(mask, scale, slide.width_px, slide.height_px, "auto")


def find_tissue(pixels: UInt8, um_per_px: float, parameters: TissueParameters = DEFAULTS) -> Bool:
    """(h, w) bool: the tissue of a picture, (h, w, 3) uint8 RGB at `um_per_px`."""
    od = glass_.optical_density(pixels)
    rough = glass_.texture(od)
    fill = ink.black_fill(pixels, od, um_per_px, parameters)
    # JPEG codes colour at half resolution in blocks: single pixels say little about chroma.
    od = cv2.GaussianBlur(od, (_SMOOTH_PX, _SMOOTH_PX), 0).astype(np.float32, copy=False)
    glass = glass_.estimate(pixels, od, rough, ~fill)
    score = _score(od, rough, glass, parameters)
    score[fill | (pixels.min(axis=2) >= glass_.SATURATED)] = 0.0
    strokes = ink.pen(od, score < 1.0, um_per_px, parameters)
    score[strokes] = 0.0
    return _shape(score, fill | strokes, um_per_px, parameters)


def _score(od: Float32, rough: Float32, glass: Glass, parameters: TissueParameters) -> Float32:
    """(h, w) float32: how far from glass, 1 being surely tissue."""
    reference = np.asarray(glass.od)
    difference = od - reference.astype(np.float32)
    darker = difference.mean(axis=2, dtype=np.float32)
    colour = glass_.chroma(difference, -reference)
    colour_od = _between(
        _SIGMAS * glass.chroma_sigma, parameters.chroma_od, parameters.chroma_max_od
    )
    texture_od = _between(
        _SIGMAS * glass.texture_sigma, parameters.texture_od, parameters.texture_max_od
    )
    textured = np.minimum(darker / parameters.textured_dark_od, rough / np.float32(texture_od))
    plain = np.maximum(colour / np.float32(colour_od), darker / parameters.dark_od)
    answer: Float32 = np.maximum(plain, textured).astype(np.float32, copy=False)
    return answer


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), max(low, high))


def _shape(score: Float32, barred: Bool, um_per_px: float, parameters: TissueParameters) -> Bool:
    """From scores to a mask: hysteresis, close, drop dust, fill holes, dilate."""
    px2 = um_per_px**2
    mask = morphology.holding(score >= parameters.weak_ratio, score >= 1.0)
    mask = morphology.close(mask, parameters.close_um / um_per_px)
    speck_px = min(parameters.min_tissue_um2 / px2, _SPECK_SHARE * mask.size)
    mask = morphology.drop_small(mask, speck_px)
    mask = morphology.fill_holes(mask, parameters.max_hole_um2 / px2)
    mask = morphology.dilate(mask, parameters.dilate_um / um_per_px)
    return mask & ~barred
