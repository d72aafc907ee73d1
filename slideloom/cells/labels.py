"""A label image in canonical form: one 4-connected piece per object, numbered in raster order."""

import numpy as np
from skimage import measure

from slideloom.arrays import Int32


def canonical(labels: Int32) -> Int32:
    """Keep the largest 4-connected piece of every label and renumber from 1 in raster order.

    Engines number objects as they like and may leave fragments; an outline needs one piece. Of
    two equally large pieces the one that comes first in raster order stays.

    Args:
        labels: (h, w) int32, 0 is background.

    Returns:
        (h, w) int32 with labels 1..k in the order of their first pixels.
    """
    pieces = np.asarray(measure.label(labels, background=0, connectivity=1), np.int64)
    count = int(pieces.max(initial=0))
    if count == 0:
        return np.zeros(labels.shape, np.int32)
    flat = pieces.ravel()
    size = np.bincount(flat, minlength=count + 1)
    owner = np.zeros(count + 1, np.int64)
    owner[flat] = labels.ravel()
    kept = np.sort(_largest_pieces(owner, size))
    renumbered = np.zeros(count + 1, np.int32)
    renumbered[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
    return renumbered[pieces]


def _largest_pieces(owner: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Index of each label's largest piece; piece 0 is the background."""
    pieces = np.arange(1, len(owner))
    order = np.lexsort((pieces, -size[1:], owner[1:]))
    first = np.ones(len(order), bool)
    sorted_owner = owner[1:][order]
    first[1:] = sorted_owner[1:] != sorted_owner[:-1]
    return pieces[order[first]]
