"""Outlines are exact: valid polygons whose area and pixels are the object's."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from slideloom.arrays import Int32
from slideloom.cells.labels import canonical
from slideloom.cells.outlines import Rings, trace

_labels = nps.arrays(
    np.int32, nps.array_shapes(min_dims=2, max_dims=2, max_side=16), elements=st.integers(0, 3)
)


def _polygon(rings: Rings, place: int) -> shapely.Polygon:
    return shapely.Polygon(rings.xy[rings.offsets[place] : rings.offsets[place + 1]])


def _pixels_inside(polygon: shapely.Polygon, shape: tuple[int, ...]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(shapely.contains_xy(polygon, x + 0.5, y + 0.5))


@settings(max_examples=300, deadline=None)
@given(_labels)
def test_outline_and_mask_say_the_same(raw: Int32) -> None:
    labels = canonical(raw)
    rings = trace(labels)
    assert len(rings.area) == labels.max(initial=0)
    for place in range(len(rings.area)):
        polygon = _polygon(rings, place)
        inside = _pixels_inside(polygon, labels.shape)
        assert polygon.is_valid
        assert polygon.area == rings.area[place] == inside.sum()
        assert polygon.length == rings.edges[place]
        assert inside[labels == place + 1].all()


@settings(max_examples=200, deadline=None)
@given(_labels)
def test_canonical_keeps_one_piece_of_each_label(raw: Int32) -> None:
    labels = canonical(raw)
    for name in np.unique(raw[raw > 0]):
        kept = np.unique(labels[(raw == name) & (labels > 0)])
        assert len(kept) == 1
        assert (raw[labels == kept[0]] == name).all()
    firsts = [int(np.flatnonzero(labels.ravel() == name)[0]) for name in range(1, labels.max() + 1)]
    assert firsts == sorted(firsts)


def test_a_hole_is_filled_in_the_outline() -> None:
    labels = np.ones((5, 5), np.int32)
    labels[2, 2] = 0
    rings = trace(canonical(labels))
    assert rings.area.tolist() == [25]
    assert rings.xy.tolist() == [[0, 0], [5, 0], [5, 5], [0, 5]]


def test_a_gap_reached_through_a_corner_leaves_the_ring_simple() -> None:
    labels = np.array([[1, 1, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]], np.int32)
    rings = trace(canonical(labels))
    assert _polygon(rings, 0).is_valid
    assert rings.area.tolist() == [11]


def test_no_objects_no_rings() -> None:
    rings = trace(np.zeros((4, 7), np.int32))
    assert len(rings.area) == 0
    assert rings.offsets.tolist() == [0]
