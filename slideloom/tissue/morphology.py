"""Shapes of a binary picture, with radii in pixels that may be large or fractional.

Discs come from Euclidean distance transforms: the cost does not grow with the radius, and a radius
in µm means the same at every resolution. Beyond the picture's edge nothing is known, so nothing
is eroded from there.
"""

import cv2
import numpy as np

from slideloom.arrays import Bool, Float32, Int32


def dilate(mask: Bool, radius_px: float) -> Bool:
    """(h, w) bool: everything within `radius_px` of the mask."""
    if not mask.any():
        return mask.copy()
    return _distance_to(mask) <= radius_px


def erode(mask: Bool, radius_px: float) -> Bool:
    """(h, w) bool: what is further than `radius_px` from the mask's complement."""
    if mask.all():
        return mask.copy()
    return _distance_to(~mask) > radius_px


def close(mask: Bool, radius_px: float) -> Bool:
    """(h, w) bool: dilation, then erosion; holds the mask."""
    return erode(dilate(mask, radius_px), radius_px) | mask


def drop_small(mask: Bool, min_area_px: float) -> Bool:
    """(h, w) bool without the 8-connected pieces below `min_area_px`."""
    labels, area = pieces(mask, 8)
    keep = area >= min_area_px
    keep[0] = False
    kept: Bool = keep[labels]
    return kept


def fill_holes(mask: Bool, max_area_px: float) -> Bool:
    """(h, w) bool with the holes up to `max_area_px` filled; a hole does not touch the border."""
    labels, area = pieces(~mask, 4)
    fill = area <= max_area_px
    for border in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        fill[border] = False
    fill[0] = False
    return mask | fill[labels]


def holding(mask: Bool, seeds: Bool) -> Bool:
    """(h, w) bool: the 8-connected pieces of the mask that hold a seed."""
    labels, area = pieces(mask, 8)
    keep = np.zeros(len(area), np.bool_)
    keep[labels[seeds & mask]] = True
    kept: Bool = keep[labels]
    return kept


def pieces(mask: Bool, connectivity: int) -> tuple[Int32, Float32]:
    """Connected pieces: (h, w) int32 labels, 0 outside, and (k + 1,) float32 areas in pixels."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=connectivity)
    own = labels.astype(np.int32, copy=False)
    return own, np.bincount(own.ravel()).astype(np.float32)


def _distance_to(mask: Bool) -> Float32:
    """(h, w) float32 distance of each pixel's centre to the nearest centre inside the mask."""
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance.astype(np.float32, copy=False)
