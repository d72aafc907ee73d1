"""The oracle: a deterministic stand-in engine for tests of tiling, merging and crashes.

It finds dark blobs on a light ground. It is no nucleus model and never a fallback for one; whoever
wants it asks for the model `oracle` by name.

How it works, in integers from the first step on, so that no order of floating-point sums matters:

1. Red, normalised with the slide's constants, becomes darkness 0..255 through a table.
2. Three box sums of width 5 along each axis smooth it (close to a Gaussian, sigma 2.4 px).
3. Foreground is what reaches `_FOREGROUND`. A root is a pixel that reaches `_ROOT` and is the
   largest of its window of ±`_WINDOW` px; among equals the first in reading order is it.
4. Roots grow into the foreground, one 4-neighbour step a round, `_REACH` rounds; a pixel keeps the
   first label that reaches it, and of labels that arrive in one round the one from above, then
   left, right, below. So an object is connected, holds its root, and lies within `_REACH` of it.

Every step is the same function of a pixel's surroundings wherever the pixel is, and what lies
outside of the image is background: the engine is exactly translation-equivariant, and the slide's
own edge acts alike in a tile that is cut there and in the whole slide.

Why a tiled run equals the untiled one from `info.exact_overlap_px` upward. Smoothing and the root's
window see f = `_SMOOTHING` + `_WINDOW` px far, so foreground and roots are right where an inner
border is further than f away. Whether a pixel joins the object of root r is decided by roots and
foreground within `_REACH` steps of the pixel, and the pixel is within `_REACH` of r: the whole
object follows from the image within R = 2 · `_REACH` + f of r, along each axis. That R is what
`info.receptive_field_px` states. The centroid lies in the object's bounding box, hence within
`_REACH` of r along each axis. Let h be half of the overlap, and h ≥ R + `_REACH`. A tile's core
ends h before its inner border, so the root of every object, true or false, whose centroid is in the
core is at least h - `_REACH` ≥ R from the border: it is an object of the untiled run, pixel by
pixel, and every object of the untiled run is found by its owner. `exact_overlap_px` is
2 · (R + (2 · `_REACH` + 2) / 2) rounded up, which is more than 2 · (R + `_REACH`).
"""

import hashlib
from itertools import product

import numpy as np

from slideloom.arrays import Bool, Int32, Int64, UInt8
from slideloom.engines.base import EngineInfo
from slideloom.errors import EngineFailed, ParametersUnusable
from slideloom.normalisation import Normalisation

NAME = "oracle"
_VERSION = "1"
_BOX = 5
_BOX_PASSES = 3
_SMOOTHING = _BOX // 2 * _BOX_PASSES
_WINDOW = 5
_REACH = 17
_FULL = 255 * _BOX ** (2 * _BOX_PASSES)
_FOREGROUND = _FULL // 4
_ROOT = _FULL // 3
_DESCRIPTION = (
    f"slideloom oracle {_VERSION}: red, box {_BOX} x {_BOX_PASSES}, foreground {_FOREGROUND}, "
    f"root {_ROOT} in +-{_WINDOW}, reach {_REACH}"
)


class OracleEngine:
    """Dark blobs as objects; see the module's text. Safe to call from several threads.

    Args:
        mpp: µm per pixel that it claims to want.

    Raises:
        ParametersUnusable: `mpp` is not positive.
    """

    def __init__(self, mpp: float = 0.5) -> None:
        """State the facts once."""
        if not mpp > 0:
            raise ParametersUnusable(f"the oracle's pixel size must be positive, not {mpp} µm")
        self._info = EngineInfo(
            name=NAME,
            version=_VERSION,
            digest=hashlib.sha256(_DESCRIPTION.encode()).hexdigest(),
            mpp=mpp,
            stride_px=1,
            receptive_field_px=2 * _REACH + _SMOOTHING + _WINDOW,
            largest_object_px=2 * _REACH + 1,
            smallest_tile_px=1,
            numeric_profile="cpu-int32",
            engine_version=f"oracle {_VERSION}",
        )

    @property
    def info(self) -> EngineInfo:
        """Facts for the planner; constant."""
        return self._info

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        """Labels of each tile, 1, 2, … in reading order of the objects' roots.

        Args:
            batch: (n, height, width, 3) uint8 RGB.
            normalisation: The slide's constants.

        Returns:
            n arrays (height, width) int32, 0 is background.

        Raises:
            EngineFailed: The batch has another shape or type.
        """
        if batch.ndim != 4 or batch.shape[-1] != 3 or batch.dtype != np.uint8:
            raise EngineFailed(
                f"the oracle wants (n, height, width, 3) uint8, not {batch.shape} {batch.dtype}"
            )
        table = _darkness_table(normalisation)
        return [_label(table[tile[..., 0]]) for tile in batch]


def _darkness_table(normalisation: Normalisation) -> Int32:
    """(256,) int32: darkness 0..255 of each grey level of red."""
    levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    light = np.clip(normalisation.apply(levels)[:, 0], 0.0, 1.0)
    darkness: Int32 = np.rint((1.0 - light) * 255.0).astype(np.int32)
    return darkness


def _label(darkness: Int32) -> Int32:
    """(height, width) int32 labels of (height, width) int32 darkness."""
    if not darkness.size:
        return np.zeros(darkness.shape, np.int32)
    smooth = _smooth(darkness)
    return _grow(smooth >= _FOREGROUND, _roots(smooth))


def _smooth(darkness: Int32) -> Int32:
    """Box sums, `_BOX_PASSES` along each axis; at most `_FULL`, which fits int32."""
    smooth = np.pad(darkness, _SMOOTHING)
    for axis, _ in product((0, 1), range(_BOX_PASSES)):
        rows = np.moveaxis(smooth, axis, 0)
        length = rows.shape[0] - _BOX + 1
        total = rows[:length].copy()
        for shift in range(1, _BOX):
            total += rows[shift : shift + length]
        smooth = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(smooth)


def _roots(smooth: Int32) -> Int64:
    """(m, 2) int64 rows and columns of the roots, in reading order."""
    padded = np.pad(smooth, _WINDOW)
    largest = padded
    for axis in (0, 1):
        rows = np.moveaxis(largest, axis, 0)
        length = rows.shape[0] - 2 * _WINDOW
        peak = rows[:length].copy()
        for shift in range(1, 2 * _WINDOW + 1):
            np.maximum(peak, rows[shift : shift + length], out=peak)
        largest = np.moveaxis(peak, 0, axis)
    found = np.argwhere((smooth == largest) & (smooth >= _ROOT))
    height = smooth[found[:, 0], found[:, 1]]
    first = np.ones(len(found), np.bool_)
    for down, right in _EARLIER:
        before = padded[found[:, 0] + _WINDOW + down, found[:, 1] + _WINDOW + right]
        first &= before != height
    return found[first]


_EARLIER = [
    (down, right)
    for down, right in product(range(-_WINDOW, 1), range(-_WINDOW, _WINDOW + 1))
    if (down, right) < (0, 0)
]
"""Offsets inside the window that come before its centre in reading order."""


def _grow(foreground: Bool, roots: Int64) -> Int32:
    """Labels after `_REACH` rounds; only the pixels of the last round are looked at again.

    A frame of background keeps every neighbour's flat index inside the array.
    """
    free = np.pad(foreground, 1)
    labels = np.zeros(free.shape, np.int32)
    width = free.shape[1]
    open_pixels, flat = free.reshape(-1), labels.reshape(-1)
    frontier = (roots[:, 0] + 1) * width + roots[:, 1] + 1
    flat[frontier] = np.arange(1, len(frontier) + 1, dtype=np.int32)
    open_pixels[frontier] = False
    for _ in range(_REACH):
        reached = []
        for step in (width, 1, -1, -width):
            target = frontier + step
            takes = open_pixels[target]
            flat[target[takes]] = flat[frontier[takes]]
            open_pixels[target[takes]] = False
            reached.append(target[takes])
        frontier = np.concatenate(reached)
    return labels[1:-1, 1:-1].copy()
