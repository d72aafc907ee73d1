import io

import numpy as np
import pytest
from PIL import Image

from slideloom.drawing.density import DensityMap, _round_length
from slideloom.drawing.histogram import area_histogram
from slideloom.tissue import TissueMask
from tests.unit.tissue import drawn


def slide(height: int, width: int, mpp: float) -> drawn.MemorySlide:
    return drawn.MemorySlide(np.zeros((height, width, 3), np.uint8), mpp)


def lattice(width: float, height: float, step: float) -> np.ndarray:
    x, y = np.meshgrid(np.arange(step / 2, width, step), np.arange(step / 2, height, step))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def test_even_cells_have_an_even_density_up_to_the_edge() -> None:
    own = slide(500, 800, 2.0)
    density = DensityMap(own, TissueMask.everywhere(own))
    density.add(lattice(800, 500, 10))  # one in 20 × 20 µm: 2500 per mm²
    assert density.per_mm2() == pytest.approx(2500, rel=0.08)


def test_glass_does_not_dilute() -> None:
    own = slide(500, 800, 2.0)
    left = TissueMask(np.array([[True, False]]), (400.0, 500.0), 800, 500, "auto")
    density = DensityMap(own, left)
    density.add(lattice(400, 500, 10))
    found = density.per_mm2()
    half = found.shape[1] // 2
    assert np.isnan(found[:, half + 1 :]).all()
    assert found[:, : half - 1] == pytest.approx(2500, rel=0.08)


def test_counting_is_exact_and_in_bounds() -> None:
    own = slide(7, 5, 0.5)
    density = DensityMap(own, TissueMask.everywhere(own))
    density.add(np.array([[0.0, 0.0], [4.99, 6.99], [5.0, 7.0], [-3.0, 1e9]]))
    density.add(np.zeros((0, 2)))
    assert density.counts.sum() == 4
    assert density.counts.shape == (7, 5)


def test_bins_are_bounded() -> None:
    own = drawn.MemorySlide(np.zeros((1, 1, 3), np.uint8), 0.5)
    assert DensityMap(own, TissueMask.everywhere(own)).counts.shape == (1, 1)
    own = slide(1, 60_000, 0.5)
    assert DensityMap(own, TissueMask.everywhere(own)).counts.shape == (1, 512)


def test_the_map_is_a_picture_even_without_cells_or_tissue() -> None:
    own = slide(50, 80, 1.0)
    nothing = TissueMask(np.zeros((1, 1), np.bool_), (80.0, 50.0), 80, 50, "auto")
    for tissue in (nothing, TissueMask.everywhere(own)):
        content = DensityMap(own, tissue).png()
        assert Image.open(io.BytesIO(content)).size[0] > 300
        assert content == DensityMap(own, tissue).png()


@pytest.mark.parametrize(
    ("at_most", "length"), [(277.0, 200.0), (1000.0, 1000.0), (0.07, 0.05), (49.0, 20.0)]
)
def test_scale_bars_are_round(at_most: float, length: float) -> None:
    assert _round_length(at_most) == pytest.approx(length)


@pytest.mark.parametrize("areas", [[], [0.0], [30.0], [30.0] * 500 + [9000.0]])
def test_any_areas_make_a_picture(areas: list[float]) -> None:
    content = area_histogram(np.array(areas, np.float32))
    assert Image.open(io.BytesIO(content)).size == (960, 600)
    assert content == area_histogram(np.array(areas, np.float32))
