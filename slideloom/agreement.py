"""How far two sets of cells agree: F1 at an IoU, and the share that is identical."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from slideloom.arrays import Float64


@dataclass(frozen=True, slots=True)
class Agreement:
    """Found cells held against a reference.

    Attributes:
        reference: Cells in the reference.
        found: Cells found.
        matched: Pairs with an IoU above the threshold.
        identical: Of the reference, cells found pixel for pixel.
    """

    reference: int
    found: int
    matched: int
    identical: int

    @property
    def f1(self) -> float:
        """2 · matched / (reference + found); 1 where both are empty."""
        both = self.reference + self.found
        return 2 * self.matched / both if both else 1.0

    @property
    def precision(self) -> float:
        """Share of the found cells that match; 1 where none was found."""
        return self.matched / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the reference that was found; 1 where it is empty."""
        return self.matched / self.reference if self.reference else 1.0


def agreement(
    reference: Sequence[shapely.Polygon], found: Sequence[shapely.Polygon], iou: float = 0.5
) -> Agreement:
    """Match cells one to one, the best overlaps first.

    From an IoU of 0.5 on, each cell has at most one partner where the cells of a set do not
    overlap, so the order does not matter.

    Args:
        reference: Outlines, valid polygons.
        found: Outlines in the same coordinates.
        iou: Intersection over union from which two cells match, at least 0.5.
    """
    i, j, overlap = _overlaps(np.asarray(reference, object), np.asarray(found, object))
    order = np.lexsort((j, i, -overlap))
    taken_i, taken_j, matched = set[int](), set[int](), 0
    for place in order[overlap[order] > iou]:
        one, other = int(i[place]), int(j[place])
        if one not in taken_i and other not in taken_j:
            taken_i.add(one)
            taken_j.add(other)
            matched += 1
    known = {shapely.normalize(shape).wkb for shape in reference}
    identical = sum(shapely.normalize(shape).wkb in known for shape in found)
    return Agreement(len(reference), len(found), matched, identical)


def _overlaps(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, Float64]:
    """Pairs that touch, with their IoU."""
    if not len(a) or not len(b):
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0)
    i, j = shapely.STRtree(b).query(a)
    common = shapely.area(shapely.intersection(a[i], b[j]))
    return i, j, common / (shapely.area(a[i]) + shapely.area(b[j]) - common)
