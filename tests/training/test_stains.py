"""Properties of the stain augmentation: pure, seeded, within range, and blind to the labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("cv2")

from training import artefacts, noise, optics, stains

SIDE_PX = 96
SEEDS = range(8)


def drawn_nuclei(seed: int = 0) -> tuple[stains.FloatImage, stains.LabelImage]:
    """Draw discs: purple on a pale ground, (96, 96, 3) in 0..1 and their labels."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
    labels = np.zeros((SIDE_PX, SIDE_PX), np.int32)
    for number in range(1, 9):
        y, x = rng.uniform(8, SIDE_PX - 8, 2)
        labels[(rows - y) ** 2 + (columns - x) ** 2 < 36] = number
    ground, ink = np.array([0.85, 0.80, 0.90]), np.array([0.35, 0.20, 0.55])
    rgb = np.where(labels[..., None] > 0, ink, ground)
    return (rgb + rng.normal(0, 0.01, rgb.shape)).clip(0, 1).astype(np.float32), labels


@pytest.mark.parametrize("seed", SEEDS)
def test_density_and_light_are_inverse(seed: int) -> None:
    """Light to density and back gives the same light, down to the darkest value kept."""
    light = np.random.default_rng(seed).uniform(stains.DARKEST, 1.0, (7, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(stains.to_rgb(stains.to_density(light)), light, atol=1e-5)


def test_black_has_a_finite_density() -> None:
    """No light at all is as dense as the darkest value kept, not infinitely dense."""
    assert np.isfinite(stains.to_density(np.zeros((2, 2, 3), np.float32))).all()


@pytest.mark.parametrize("ends", [stains.HAEMATOXYLIN, stains.EOSIN, stains.DAB])
def test_stain_vectors_are_unit_absorbances(ends: tuple[tuple[float, float, float], ...]) -> None:
    """A drawn stain absorbs, never emits, and has length one."""
    for seed in SEEDS:
        vector = stains.stain_vector((ends[0], ends[1]), np.random.default_rng(seed))
        assert vector.min() >= 0.0
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_restain_is_seeded_and_finite(seed: int) -> None:
    """One seed gives one picture, with no negative or infinite density."""
    rgb, labels = drawn_nuclei()
    once = stains.restain(rgb, labels, np.random.default_rng(seed))
    again = stains.restain(rgb, labels, np.random.default_rng(seed))
    np.testing.assert_array_equal(once, again)
    assert once.shape == rgb.shape
    assert once.dtype == np.float32
    assert np.isfinite(once).all()
    assert once.min() >= 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_changes_its_input(seed: int) -> None:
    """Neither picture nor labels are changed in place."""
    rgb, labels = drawn_nuclei()
    rgb_before, labels_before = rgb.copy(), labels.copy()
    rng = np.random.default_rng(seed)
    density = stains.restain(rgb, labels, rng)
    density_before = density.copy()
    artefacts.scatter(density, labels, rng, rate=10.0)
    optics.photograph(density, rng)
    np.testing.assert_array_equal(rgb, rgb_before)
    np.testing.assert_array_equal(labels, labels_before)
    np.testing.assert_array_equal(density, density_before)


def test_restain_works_without_nuclei() -> None:
    """A tile with no labels is tissue without nuclei, not an error."""
    white = np.ones((SIDE_PX, SIDE_PX, 3), np.float32)
    labels = np.zeros((SIDE_PX, SIDE_PX), np.int32)
    for seed in SEEDS:
        assert np.isfinite(stains.restain(white, labels, np.random.default_rng(seed))).all()


def test_nuclear_stain_stays_on_the_nuclei() -> None:
    """Far from every nucleus there is no nuclear stain; inside most of them there is some."""
    rgb, labels = drawn_nuclei()
    far = artefacts.free_area(labels, 6) > 0.99
    for seed in SEEDS:
        drawn = stains.nuclear_density(rgb, labels, np.random.default_rng(seed))
        assert drawn.density[far].max() < 0.02
        assert drawn.density[labels > 0].mean() > 0.1


def test_relative_density_tells_nucleus_from_ground() -> None:
    """Chromatin is about 1 on a nucleus and about 0 beside it."""
    rgb, labels = drawn_nuclei()
    measured = stains.relative_density(rgb, labels)
    assert np.median(measured[labels > 0]) == pytest.approx(1.0, abs=0.1)
    assert np.median(measured[labels == 0]) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("add", [kind for kind, _ in artefacts.KINDS])
@pytest.mark.parametrize("seed", SEEDS)
def test_artefacts_keep_shape_and_range(add: artefacts.Artefact, seed: int) -> None:
    """Every artefact keeps the shape, stays finite, and draws the same for the same seed."""
    _, labels = drawn_nuclei()
    clear = np.full((SIDE_PX, SIDE_PX, 3), 0.2, np.float32)
    once = add(clear, labels, np.random.default_rng(seed))
    again = add(clear, labels, np.random.default_rng(seed))
    np.testing.assert_array_equal(once, again)
    assert once.shape == clear.shape
    assert np.isfinite(once).all()
    assert once.min() >= 0.0


@pytest.mark.parametrize(
    "draw",
    [
        lambda shape, rng: noise.smooth_field(shape, 9.0, rng),
        lambda shape, rng: noise.fibre_field(shape, 4.0, 40.0, rng),
    ],
)
def test_fields_are_fractions(
    draw: Callable[[tuple[int, int], np.random.Generator], noise.FloatField],
) -> None:
    """Random fields have the shape asked for, also when not square, and lie in 0..1."""
    for seed in SEEDS:
        field = draw((50, 83), np.random.default_rng(seed))
        assert field.shape == (50, 83)
        assert 0.0 <= field.min() <= field.max() <= 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_photograph_gives_an_image(seed: int) -> None:
    """Any density becomes an image in 0..1 of the same shape."""
    rng = np.random.default_rng(seed)
    density = rng.uniform(0, 4, (SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    image = optics.photograph(density, rng)
    assert image.shape == density.shape
    assert 0.0 <= image.min() <= image.max() <= 1.0


def test_normalised_tile_spans_zero_to_one() -> None:
    """The 0.1th and 99.9th percentiles of each channel become 0 and 1, channels first."""
    image = np.random.default_rng(0).uniform(0.2, 0.7, (64, 48, 3)).astype(np.float32)
    pixels = optics.normalise_tile(image)
    assert pixels.shape == (3, 64, 48)
    for channel in pixels:
        assert np.percentile(channel, 0.1) == pytest.approx(0.0, abs=1e-4)
        assert np.percentile(channel, 99.9) == pytest.approx(1.0, abs=1e-4)


def test_normalising_a_blank_tile_is_finite() -> None:
    """A tile of one colour has no range; it is not divided by zero."""
    assert np.isfinite(optics.normalise_tile(np.ones((32, 32, 3), np.float32))).all()
