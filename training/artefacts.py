"""Hard negatives: things on slides that look like nuclei and are not.

Each function adds one kind of thing to an optical-density image and leaves the labels alone.
Sizes are in pixels of 0.5 um. ``scatter`` draws a random few of them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from training.noise import FloatField, fibre_field, smooth_field, soft_step
from training.stains import EOSIN, HAEMATOXYLIN, FloatImage, LabelImage, Vector, stain_vector

Artefact = Callable[[FloatImage, LabelImage, np.random.Generator], FloatImage]

INKS = ((0.90, 0.35, 0.40), (0.75, 0.55, 0.35), (0.45, 0.60, 0.70), (0.58, 0.58, 0.58))
"""Absorbances of teal ink, blue ink, brown pigment and black dust."""


def blank(labels: LabelImage) -> FloatField:
    """Make an empty drawing of the labels' size."""
    return np.zeros(labels.shape, np.float32)


def blurred(image: npt.NDArray[np.float32], sigma_px: float) -> npt.NDArray[np.float32]:
    """Blur an image of any number of channels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)


def free_area(labels: LabelImage, margin_px: int) -> FloatField:
    """Soft mask (height, width) of what is at least ``margin_px`` away from every nucleus."""
    size = 2 * margin_px + 1
    near = cv2.dilate((labels > 0).astype(np.uint8), np.ones((size, size), np.uint8))
    return blurred(1.0 - near.astype(np.float32), 0.6)


def dark_mixture(rng: np.random.Generator) -> Vector:
    """Draw the colour of keratin and folded tissue: eosin and haematoxylin together."""
    share = rng.random()
    mixed = share * stain_vector(HAEMATOXYLIN, rng) + (1.0 - share) * stain_vector(EOSIN, rng)
    return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


def curve(
    shape: tuple[int, int], length_px: float, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw a smooth random walk (points, 2) of x, y in px that starts anywhere in the image."""
    steps = max(int(length_px / 4), 3)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0.0, 0.22, steps))
    start = rng.random(2) * (shape[1], shape[0])
    walk = start + 4.0 * np.cumsum(np.stack((np.cos(heading), np.sin(heading)), axis=1), axis=0)
    return np.asarray(walk, np.int32)


def add_red_cells(density: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Add red blood cells: even discs of about 6 to 8 um, red to orange, alone or in heaps."""
    height, width = labels.shape
    canvas = blank(labels)
    middle = rng.random(2) * (width, height)
    spread = float(rng.uniform(8, 60))
    for _ in range(int(rng.integers(2, 22))):
        x, y = rng.normal(middle, spread)
        axes = (int(rng.uniform(5, 8)), int(rng.uniform(4, 8)))
        level = float(rng.uniform(0.5, 1.0))
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(canvas, (int(x), int(y)), axes, angle, 0, 360, level, -1, cv2.LINE_AA)
        if rng.random() < 0.3:
            cv2.circle(canvas, (int(x), int(y)), 2, 0.6 * level, -1, cv2.LINE_AA)
    red = stain_vector(((0.10, 0.85, 0.50), (0.20, 0.75, 0.65)), rng)
    amount = canvas * free_area(labels, 0) * float(rng.uniform(0.7, 1.8))
    keep = 1.0 - 0.7 * np.clip(canvas, 0.0, 1.0) * free_area(labels, 0)
    return np.asarray(density * keep[..., None] + amount[..., None] * red, np.float32)


def add_strands(density: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Add long thin dark strands, alone or in sheaves, like keratin seen edge-on."""
    canvas = blank(labels)
    walk = curve(labels.shape, float(rng.uniform(60, 260)), rng)
    gap = float(rng.uniform(3, 10))
    turn = float(rng.uniform(0, 2 * np.pi))
    for number in range(int(rng.integers(1, 9))):
        shift = number * gap * np.array([np.cos(turn), np.sin(turn)])
        points = (walk + shift + rng.normal(0.0, 1.0, walk.shape)).astype(np.int32)
        thick = int(rng.integers(1, 5))
        level = float(rng.uniform(0.3, 1.0))
        cv2.polylines(canvas, [points], False, level, thick, cv2.LINE_AA)
    canvas = blurred(canvas, float(rng.uniform(0.4, 0.9)))
    grain = 0.5 + smooth_field(labels.shape, float(rng.uniform(3, 9)), rng)
    amount = canvas * grain * free_area(labels, 2) * float(rng.uniform(0.6, 2.4))
    return (density + amount[..., None] * dark_mixture(rng)).astype(np.float32)


def add_flakes(density: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Add flat torn flakes with striations, as of keratin, away from the nuclei."""
    height, width = labels.shape
    canvas = blank(labels)
    for _ in range(int(rng.integers(1, 4))):
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 11))))
        radii = float(rng.uniform(10, 45)) * rng.uniform(0.3, 1.0, angles.size)
        squash = float(rng.uniform(0.3, 1.0))
        outline = np.stack((radii * np.cos(angles), squash * radii * np.sin(angles)), axis=1)
        corner = outline + rng.random(2) * (width, height)
        level = float(rng.uniform(0.3, 1.0))
        cv2.fillPoly(canvas, [corner.astype(np.int32)], level, cv2.LINE_AA)
    stripes = fibre_field(labels.shape, float(rng.uniform(2, 5)), float(rng.uniform(20, 60)), rng)
    bands = soft_step(stripes, 0.5, float(rng.uniform(4, 14)))
    amount = canvas * (0.3 + bands) * free_area(labels, 3) * float(rng.uniform(0.4, 1.8))
    return (density + amount[..., None] * dark_mixture(rng)).astype(np.float32)


def add_fold(density: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Fold the tissue over itself in a band: the same density again, and a little more."""
    walk = curve(labels.shape, 400.0, rng)
    canvas = blank(labels)
    cv2.polylines(canvas, [walk], False, 1.0, int(rng.integers(8, 40)), cv2.LINE_AA)
    band = blurred(canvas, float(rng.uniform(0.6, 2.5)))[..., None]
    again = np.roll(density, tuple(rng.integers(-20, 20, 2)), axis=(0, 1))
    layer = blurred(again, float(rng.uniform(3.0, 8.0)))
    return (density + float(rng.uniform(0.4, 1.0)) * band * layer).astype(np.float32)


def add_dust(density: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Add specks of dust, ink or pigment: small, irregular and darker than the tissue."""
    height, width = labels.shape
    canvas = blank(labels)
    middle = rng.random(2) * (width, height)
    spread = float(rng.choice(np.array([4.0, 12.0, 80.0])))
    for _ in range(int(rng.integers(1, 40 if spread < 50 else 10))):
        x, y = rng.normal(middle, spread)
        points = rng.normal((x, y), float(rng.uniform(0.6, 3.5)), (6, 2)).astype(np.int32)
        hull = cv2.convexHull(points)
        cv2.fillConvexPoly(canvas, hull, float(rng.uniform(0.3, 1.0)), cv2.LINE_AA)
    ink = np.asarray(INKS[int(rng.integers(len(INKS)))], np.float32)
    amount = canvas * free_area(labels, 1) * float(rng.uniform(0.5, 3.0))
    return (density + amount[..., None] * ink).astype(np.float32)


def add_smudge(density: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Add a few blurred dark smears, like tissue far out of focus; too vague to be annotated."""
    canvas = blank(labels)
    for _ in range(int(rng.integers(1, 4))):
        walk = curve(labels.shape, float(rng.uniform(8, 50)), rng)
        cv2.polylines(canvas, [walk], False, 1.0, int(rng.integers(4, 14)), cv2.LINE_AA)
    canvas = blurred(canvas, float(rng.uniform(4.0, 8.0)))
    amount = canvas * free_area(labels, 1) * float(rng.uniform(0.3, 1.2))
    return (density + amount[..., None] * dark_mixture(rng)).astype(np.float32)


KINDS: tuple[tuple[Artefact, float], ...] = (
    (add_red_cells, 0.18),
    (add_strands, 0.18),
    (add_flakes, 0.16),
    (add_fold, 0.06),
    (add_dust, 0.22),
    (add_smudge, 0.08),
)
"""Each artefact with the share of samples that gets it."""


def scatter(
    density: FloatImage, labels: LabelImage, rng: np.random.Generator, rate: float = 1.0
) -> FloatImage:
    """Add a random few artefacts.

    Args:
        density: (height, width, 3) optical density.
        labels: (height, width), 0 is background; read, never changed.
        rng: source of randomness.
        rate: factor on the share of samples that gets each kind.

    Returns:
        (height, width, 3) float32 optical density, no smaller than zero.
    """
    for add, share in KINDS:
        if rng.random() < rate * share:
            density = add(density, labels, rng)
    return np.maximum(density, 0.0).astype(np.float32)
