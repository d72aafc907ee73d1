import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideloom.errors import TissueMaskUnusable
from slideloom.tissue import TissueMask
from tests.unit.tissue import drawn


@st.composite
def masks(draw: st.DrawFn) -> TissueMask:
    """Masks of any scale, also ones that overhang the slide or end before it."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    bits = draw(st.integers(0, 2 ** (height * width) - 1))
    flat = [bool(bits >> k & 1) for k in range(height * width)]
    scale = draw(st.floats(0.1, 50.0)), draw(st.floats(0.1, 50.0))
    size = [
        max(1, int(count * s) + draw(st.integers(-2, 2)))
        for count, s in zip((width, height), scale, strict=True)
    ]
    return TissueMask(np.array(flat).reshape(height, width), scale, size[0], size[1], "auto")


POSITION = st.floats(-20.0, 500.0) | st.integers(-5, 500).map(float)


@given(masks(), POSITION, POSITION, POSITION, POSITION, st.data())
def test_a_rectangle_with_a_covered_point_is_touched(
    tissue: TissueMask, xa: float, xb: float, ya: float, yb: float, data: st.DataObject
) -> None:
    (x0, x1), (y0, y1) = sorted((xa, xb)), sorted((ya, yb))
    if x0 == x1 or y0 == y1:
        assert not tissue.touches(x0, y0, x1, y1)
        return
    x = data.draw(st.floats(x0, x1, exclude_max=True))
    y = data.draw(st.floats(y0, y1, exclude_max=True))
    if tissue.covers(np.array([x]), np.array([y]))[0]:
        assert tissue.touches(x0, y0, x1, y1)


@given(masks(), POSITION, POSITION, POSITION, POSITION)
def test_a_touched_rectangle_holds_a_covered_point(
    tissue: TissueMask, xa: float, xb: float, ya: float, yb: float
) -> None:
    (x0, x1), (y0, y1) = sorted((xa, xb)), sorted((ya, yb))
    edges_x = np.append(tissue.column_edges(), [x0, np.nextafter(x1, -np.inf)])
    edges_y = np.append(tissue.row_edges(), [y0, np.nextafter(y1, -np.inf)])
    # Corners of mask pixels as floats see them: each edge and its neighbours.
    near = [
        np.concatenate([np.nextafter(e, -np.inf), e, np.nextafter(e, np.inf)])
        for e in (edges_x, edges_y)
    ]
    x, y = (
        n[(n >= low) & (n < high)] for n, low, high in zip(near, (x0, y0), (x1, y1), strict=True)
    )
    covered = tissue.covers(x[None, :], y[:, None]) if len(x) and len(y) else np.zeros(0)
    assert tissue.touches(x0, y0, x1, y1) == bool(covered.any())


def quarter() -> TissueMask:
    return TissueMask(np.array([[True, False], [False, False]]), (4.0, 8.0), 7, 16, "given")


def test_covers_is_half_open() -> None:
    x = np.array([0.0, 3.999, 4.0, 0.0, -0.001, np.nan])
    y = np.array([0.0, 7.999, 0.0, 8.0, 0.0, 1.0])
    assert quarter().covers(x, y).tolist() == [True, True, False, False, False, False]


def test_outside_of_the_slide_is_no_tissue() -> None:
    everywhere = TissueMask.everywhere(drawn.MemorySlide(np.zeros((20, 10, 3), np.uint8)))
    x, y = np.array([9.999, 10.0, 0.0]), np.array([19.999, 0.0, 20.0])
    assert everywhere.covers(x, y).tolist() == [True, False, False]
    assert everywhere.touches(-5, -5, 1, 1)
    assert not everywhere.touches(10, 0, 30, 20)
    assert not everywhere.touches(5, 5, 5, 9)
    assert everywhere.source == "off"
    assert everywhere.fraction == 1.0


def test_touches_ends_before_its_end() -> None:
    tissue = TissueMask(np.array([[False, True]]), (4.0, 4.0), 8, 4, "auto")
    assert not tissue.touches(0, 0, 4, 4)
    assert tissue.touches(0, 0, 4.001, 4)


def test_area_counts_only_the_slide() -> None:
    overhanging = TissueMask(np.array([[False, True]]), (4.0, 8.0), 7, 8, "auto")
    assert overhanging.area_mm2(500.0, 250.0) == pytest.approx(3 * 8 * 0.125)
    assert overhanging.fraction == pytest.approx(3 / 7)


def test_digest_tells_masks_apart_and_not_their_source() -> None:
    bits = np.array([[True, False]])
    one = TissueMask(bits, (2.0, 2.0), 4, 2, "auto")
    assert one.digest() == TissueMask(bits, (2.0, 2.0), 4, 2, "given").digest()
    others = [
        TissueMask(~bits, (2.0, 2.0), 4, 2, "auto"),
        TissueMask(bits.T, (2.0, 2.0), 4, 2, "auto"),
        TissueMask(bits, (2.0, 2.1), 4, 2, "auto"),
        TissueMask(bits, (2.0, 2.0), 4, 3, "auto"),
    ]
    assert len({mask.digest() for mask in (one, *others)}) == 5


def test_the_mask_cannot_change() -> None:
    bits = np.array([[True]])
    tissue = TissueMask(bits, (1.0, 1.0), 1, 1, "auto")
    bits[0, 0] = False
    assert tissue.mask.all()
    with pytest.raises(ValueError, match="read-only"):
        tissue.mask[0, 0] = False


@pytest.mark.parametrize(
    ("mask", "scale"),
    [
        (np.zeros((0, 3), np.bool_), (1.0, 1.0)),
        (np.zeros((2, 3), np.uint8), (1.0, 1.0)),
        (np.zeros(3, np.bool_), (1.0, 1.0)),
        (np.zeros((2, 3), np.bool_), (0.0, 1.0)),
        (np.zeros((2, 3), np.bool_), (np.nan, 1.0)),
    ],
)
def test_refuses_what_is_no_mask(mask: np.ndarray, scale: tuple[float, float]) -> None:
    with pytest.raises(TissueMaskUnusable):
        TissueMask(mask, scale, 3, 2, "given")
