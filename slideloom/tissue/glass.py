"""What the glass of a slide looks like.

Optical density follows Beer and Lambert: OD = -log10(I / I0), with I0 = 255, is linear in the
amount of stain (Ruifrok & Johnston 2001, Anal Quant Cytol Histol 23:291, section "Colour
representation"). Differences in OD do not change with the lamp's brightness, so glass that is
shaded from 245 to 220 keeps its colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from slideloom.arrays import Bool, Float32, Float64, UInt8

SATURATED = 250
"""All channels from here on: white fill, or glass as bright as the sensor goes. Never tissue."""

_DARKEST_GLASS_OD = 0.25
"""Grey glass down to a grey level of 143."""
_STRONGEST_TINT_OD = 0.09
"""Largest difference between two channels of glass: a yellowish (250, 245, 210) is inside."""
_MAGENTA_OD = 0.018
"""Green absorbed more than red and blue: the mark of haematoxylin, eosin and fuchsin alike.

Lamps and mounting media tint towards yellow, green and blue. Without this bound the pale stroma of
a slide that is all tissue would be taken for its glass.
"""
_ROUGHEST_GLASS_OD = 0.008
_MIN_SHARE = 0.005
"""With less of the picture looking like glass, there is no glass."""
_MODE_SHARE = 0.05
"""A mode holds at least this share of what looks like glass."""
_MODE_HALF_WIDTH = 4
_TEXTURE_SIDE_PX = 5
_MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution per median absolute deviation."""

_OD_OF_LEVEL = -np.log10(np.maximum(np.arange(256), 1) / 255.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Glass:
    """The look of glass.

    Attributes:
        od: Optical density of R, G and B; zeros (white) where no glass was found.
        found: Whether the slide shows glass at all.
        chroma_sigma: Noise of the glass's colour, OD.
        texture_sigma: What a 5 × 5 px neighbourhood of glass varies by, OD.
    """

    od: tuple[float, float, float]
    found: bool
    chroma_sigma: float
    texture_sigma: float


NO_GLASS = Glass((0.0, 0.0, 0.0), found=False, chroma_sigma=0.0, texture_sigma=0.0)


def optical_density(pixels: UInt8) -> Float32:
    """(h, w, 3) uint8 to (h, w, 3) float32 OD; level 0 counts as 1."""
    od: Float32 = _OD_OF_LEVEL[pixels]
    return od


def texture(od: Float32) -> Float32:
    """(h, w) float32: standard deviation of the mean OD in each 5 × 5 px neighbourhood."""
    grey = od.mean(axis=2, dtype=np.float32)
    side = (_TEXTURE_SIDE_PX, _TEXTURE_SIDE_PX)
    mean = cv2.blur(grey, side, borderType=cv2.BORDER_REFLECT)
    square = cv2.blur(grey * grey, side, borderType=cv2.BORDER_REFLECT)
    answer: Float32 = np.sqrt(np.maximum(square - mean * mean, 0.0)).astype(np.float32, copy=False)
    return answer


def chroma(difference: Float32, towards_white: Float64) -> Float32:
    """(h, w) float32 colour distance from glass, OD, free of brightness.

    The colour of a difference in OD is what remains when its mean over the channels is taken away.
    White fill borders on tinted glass and thumbnails blend the two, so the distance is taken to
    the segment between the colours of glass (0) and of white.

    Args:
        difference: (h, w, 3) OD minus the glass's OD.
        towards_white: (3,) OD of white minus the glass's OD.
    """
    colour = difference - difference.mean(axis=2, keepdims=True, dtype=np.float32)
    white = (towards_white - towards_white.mean()).astype(np.float32)
    length2 = float(white @ white)
    if length2 > 0:
        share = np.clip(colour @ white / length2, 0.0, 1.0)
        colour = colour - share[..., None] * white
    answer: Float32 = np.sqrt((colour * colour).sum(axis=2)).astype(np.float32, copy=False)
    return answer


def estimate(pixels: UInt8, od: Float32, rough: Float32, usable: Bool) -> Glass:
    """Glass is the brightest smooth and hardly tinted mode of the picture.

    The brightest, not the largest: on a slide that is nearly all pale tissue, the little glass that
    there is shows in the gaps. Saturated white does not vote: it is fill as often as glass.

    Args:
        pixels: (h, w, 3) uint8.
        od: (h, w, 3) float32, `optical_density` of the pixels.
        rough: (h, w) float32, `texture` of it.
        usable: (h, w) bool, false on fill and ink.
    """
    votes = usable & (pixels.min(axis=2) < SATURATED)
    votes &= (rough <= _ROUGHEST_GLASS_OD) & _looks_like_glass(od)
    if votes.sum() < max(_MIN_SHARE * usable.sum(), 1):
        return NO_GLASS
    level = pixels[votes].mean(axis=1)
    mode = _brightest_mode(level)
    at_mode = np.abs(level - mode) <= _MODE_HALF_WIDTH
    return _describe(od[votes][at_mode], rough[votes][at_mode])


def _looks_like_glass(od: Float32) -> Bool:
    red, green, blue = od[..., 0], od[..., 1], od[..., 2]
    tint = od.max(axis=2) - od.min(axis=2)
    bright = od.mean(axis=2) <= _DARKEST_GLASS_OD
    plain: Bool = bright & (tint <= _STRONGEST_TINT_OD)
    return plain & (green - (red + blue) / 2 <= _MAGENTA_OD)


def _brightest_mode(level: Float64) -> float:
    """Centre of the brightest peak that holds a fair share of the grey levels (n,)."""
    width = 2 * _MODE_HALF_WIDTH + 1
    counts = np.bincount(np.rint(level).astype(np.int64), minlength=256).astype(np.float64)
    mass = np.convolve(counts, np.ones(width), mode="same")
    fair = mass >= _MODE_SHARE * len(level)
    higher = np.maximum(np.append(mass[1:], 0.0), np.insert(mass[:-1], 0, 0.0))
    peaks = np.flatnonzero(fair & (mass >= higher))
    # The largest mass is always a peak, and fair unless the levels spread over more than 180 bins.
    return float(peaks[-1]) if len(peaks) else float(np.argmax(mass))


def _describe(od: Float32, rough: Float32) -> Glass:
    """Glass from the (n, 3) OD and (n,) texture of its pixels."""
    middle = np.median(od.astype(np.float64), axis=0)
    spread = chroma((od - middle.astype(np.float32))[None], np.zeros(3))
    return Glass(
        (float(middle[0]), float(middle[1]), float(middle[2])),
        found=True,
        chroma_sigma=float(_MAD_TO_SIGMA * np.median(spread)),
        texture_sigma=float(np.median(rough)),
    )
