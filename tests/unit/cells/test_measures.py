"""Measures against figures that can be worked out, and against scikit-image."""

import cv2
import numpy as np
import pytest
from skimage.measure import regionprops

from slideloom.cells.labels import canonical
from slideloom.cells.measures import Measures, measure, pixel_sums
from slideloom.cells.outlines import trace


def _measured(labels: np.ndarray, pixels: np.ndarray | None = None) -> Measures:
    clean = canonical(labels.astype(np.int32))
    image = np.full((*labels.shape, 3), 255, np.uint8) if pixels is None else pixels
    return measure(pixel_sums(clean, image), trace(clean))


def _ellipses() -> np.ndarray:
    labels = np.zeros((200, 300), np.int32)
    for name, (x, y, a, b, turn) in enumerate(
        [(50, 60, 30, 12, 20), (150, 90, 14, 14, 0), (240, 120, 40, 9, 75)], start=1
    ):
        cv2.ellipse(labels, (x, y), (a, b), turn, 0, 360, name, -1)
    return labels


def test_axes_and_solidity_agree_with_scikit_image() -> None:
    labels = canonical(_ellipses())
    measured = _measured(labels)
    for place, region in enumerate(regionprops(labels)):
        assert measured.area[place] == region.area
        assert measured.major_axis[place] == pytest.approx(region.axis_major_length, rel=1e-2)
        assert measured.minor_axis[place] == pytest.approx(region.axis_minor_length, rel=1e-2)
        assert measured.eccentricity[place] == pytest.approx(region.eccentricity, rel=1e-2)
        assert measured.solidity[place] == pytest.approx(region.area / region.area_convex, rel=0.04)


def test_the_perimeter_of_a_disc_is_near_two_pi_r() -> None:
    labels = np.zeros((101, 101), np.int32)
    y, x = np.mgrid[:101, :101]
    labels[(x - 50) ** 2 + (y - 50) ** 2 <= 40**2] = 1
    assert _measured(labels).perimeter[0] == pytest.approx(2 * np.pi * 40, rel=0.01)


def test_measures_do_not_depend_on_where_the_cell_lies() -> None:
    rng = np.random.default_rng(3)
    labels, pixels = _ellipses(), rng.integers(0, 256, (200, 300, 3)).astype(np.uint8)
    moved = _measured(np.roll(labels, (7, 13), (0, 1)), np.roll(pixels, (7, 13), (0, 1)))
    here = _measured(labels, pixels)
    for name in Measures.__dataclass_fields__:
        assert np.array_equal(np.sort(getattr(here, name)), np.sort(getattr(moved, name))), name


def test_a_cell_as_large_as_its_tile_does_not_overflow() -> None:
    measured = _measured(np.ones((2048, 2048), np.int32))
    assert measured.area[0] == 2048**2
    assert measured.major_axis[0] == pytest.approx(4 * 2048 / np.sqrt(12))


def test_pure_haematoxylin_reads_as_haematoxylin() -> None:
    stain = np.array([0.65, 0.70, 0.29]) / np.linalg.norm([0.65, 0.70, 0.29])
    colour = np.rint(256 * 10 ** (-0.8 * stain) - 1).astype(np.uint8)
    pixels = np.broadcast_to(colour, (20, 20, 3)).copy()
    measured = _measured(np.ones((20, 20), np.int32), pixels)
    assert measured.haematoxylin[0] == pytest.approx(0.8, abs=0.01)
    assert measured.eosin[0] == pytest.approx(0.0, abs=0.02)
    assert measured.dab[0] == pytest.approx(0.0, abs=0.02)


def test_one_pixel() -> None:
    measured = _measured(np.ones((1, 1), np.int32))
    assert measured.area.tolist() == [1.0]
    assert measured.eccentricity.tolist() == [0.0]
