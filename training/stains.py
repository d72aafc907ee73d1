"""Stain augmentation from labels: dress known nuclei in stains that the data does not contain.

The training images are mostly of one purple stain. Because each nucleus is labelled, its density
can be given another stain, another strength and another surrounding: pink collagen, purple
cytoplasm, brown immunostain, almost nothing. Work is done in optical density (natural logarithm),
where stains add up (Beer and Lambert). The unit vectors of haematoxylin, eosin and
diaminobenzidine are those of Ruifrok and Johnston, Anal. Quant. Cytol. Histol. 23 (2001), mixed at
random with ones that lie nearer to what slide scanners record.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.noise import FloatField, fibre_field, smooth_field, soft_step

FloatImage = npt.NDArray[np.float32]
LabelImage = npt.NDArray[np.int32]
Vector = npt.NDArray[np.float32]

HAEMATOXYLIN = ((0.650, 0.704, 0.286), (0.540, 0.730, 0.420))
EOSIN = ((0.072, 0.990, 0.105), (0.200, 0.800, 0.570))
DAB = ((0.268, 0.570, 0.776), (0.380, 0.580, 0.720))

DARKEST = 2.0 / 255.0
"""Smallest transmitted fraction; keeps the optical density finite."""


def to_density(rgb: FloatImage) -> FloatImage:
    """Turn transmitted light (height, width, 3) in 0..1 into optical density, natural log."""
    return (-np.log(np.clip(rgb, DARKEST, 1.0))).astype(np.float32)


def to_rgb(density: FloatImage) -> FloatImage:
    """Turn optical density (height, width, 3), natural log, into transmitted light in 0..1."""
    return np.exp(-np.maximum(density, 0.0)).astype(np.float32)


def stain_vector(
    ends: tuple[tuple[float, float, float], tuple[float, float, float]],
    rng: np.random.Generator,
    spread: float = 0.12,
) -> Vector:
    """Draw a unit stain vector between two published ones, with some scatter.

    Args:
        ends: two red, green, blue absorbances.
        rng: source of randomness.
        spread: standard deviation of the scatter, in the log of each component.

    Returns:
        (3,) float32, non-negative, of length one.
    """
    share = rng.random()
    mixed = share * np.asarray(ends[0]) + (1.0 - share) * np.asarray(ends[1])
    vector = mixed * np.exp(rng.normal(0.0, spread, 3)) + rng.uniform(0.0, 0.04, 3)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def nuclear_mask(labels: LabelImage, blur_px: float) -> FloatField:
    """Soften the labelled area.

    Args:
        labels: (height, width), 0 is background.
        blur_px: standard deviation of the edge, px.

    Returns:
        (height, width) float32 in 0..1.
    """
    hard = (labels > 0).astype(np.float32)
    return cv2.GaussianBlur(hard, (0, 0), max(blur_px, 0.2)).astype(np.float32)


def relative_density(rgb: FloatImage, labels: LabelImage) -> FloatField:
    """Measure chromatin: 0 at the typical background, 1 at the typical nucleus.

    Args:
        rgb: (height, width, 3) in 0..1.
        labels: (height, width), 0 is background.

    Returns:
        (height, width) float32 in 0..1.6; all zero when there is nothing to compare.
    """
    grey = to_density(rgb).mean(axis=2)
    inside = labels > 0
    if not inside.any() or inside.all():
        return np.zeros(labels.shape, np.float32)
    low = float(np.percentile(grey[~inside], 30))
    high = float(np.percentile(grey[inside], 70))
    return np.asarray(np.clip((grey - low) / max(high - low, 0.1), 0.0, 1.6), np.float32)


def depth_inside(labels: LabelImage) -> FloatField:
    """Distance of each nuclear pixel from the edge of its own nucleus, px; 0 outside."""
    as_float = labels.astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    same = cv2.erode(as_float, kernel) == cv2.dilate(as_float, kernel)
    interior = (same & (labels > 0)).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(interior, cv2.DIST_L2, 3), np.float32)


@dataclass(frozen=True)
class Nuclei:
    """Nuclear stain before colour: (height, width) density, and the soft area it came from."""

    density: FloatField
    mask: FloatField


def nuclear_density(rgb: FloatImage, labels: LabelImage, rng: np.random.Generator) -> Nuclei:
    """Draw how densely each nucleus is stained: strong or pale, solid or vesicular.

    Args:
        rgb: (height, width, 3) in 0..1, the source of chromatin texture.
        labels: (height, width), 0 is background.
        rng: source of randomness.

    Returns:
        Density in natural-log units along the stain vector, and the mask.
    """
    mask = nuclear_mask(labels, float(rng.uniform(0.4, 1.3)))
    texture = relative_density(rgb, labels)
    strength = float(rng.uniform(0.8, 2.8) if rng.random() < 0.7 else rng.uniform(0.45, 1.2))
    each = np.exp(rng.normal(0.0, rng.uniform(0.05, 0.35), int(labels.max()) + 1))
    if rng.random() < 0.4:
        pale = rng.random(each.size) < rng.uniform(0.1, 0.7)
        each = np.where(pale, each * rng.uniform(0.25, 0.65), each)
    if rng.random() < 0.5:
        grain = smooth_field(mask.shape, float(rng.uniform(1.5, 3.0)), rng)
        texture = texture + float(rng.uniform(0.2, 0.8)) * (grain - 0.5)
    share = float(rng.uniform(0.35, 1.0))
    body = 1.0 - share + share * texture
    if rng.random() < 0.3:
        core = soft_step(depth_inside(labels), float(rng.uniform(1.0, 3.5)), 1.5)
        body = body * (1.0 - float(rng.uniform(0.15, 0.5)) * core)
    spread = cv2.dilate(each.astype(np.float32)[labels], np.ones((3, 3), np.uint8))
    density = strength * mask * spread * np.clip(body, 0.1, 1.8)
    return Nuclei(density.astype(np.float32), mask)


def tissue_area(mask: FloatField, rng: np.random.Generator) -> FloatField:
    """Draw where there is tissue at all: everywhere, or with torn edges and lumens.

    Args:
        mask: (height, width) soft nuclear area, which always stays inside the tissue.
        rng: source of randomness.

    Returns:
        (height, width) float32 in 0..1.
    """
    if rng.random() < 0.45:
        return np.ones(mask.shape, np.float32)
    coarse = smooth_field(mask.shape, float(rng.uniform(20, 70)), rng)
    ragged = 0.25 * smooth_field(mask.shape, float(rng.uniform(3, 8)), rng)
    area = soft_step(coarse + ragged, float(rng.uniform(0.35, 0.85)), float(rng.uniform(10, 60)))
    near = cv2.GaussianBlur(cv2.dilate(mask, np.ones((5, 5), np.uint8)), (0, 0), 2.0)
    return np.asarray(np.maximum(area, np.clip(1.5 * near, 0.0, 1.0)), np.float32)


def counterstain_density(nuclei: Nuclei, area: FloatField, rng: np.random.Generator) -> FloatField:
    """Draw the stain between the nuclei: even, mottled, fibrous, or hardly there.

    Args:
        nuclei: the nuclear stain, under which the counterstain thins out.
        area: (height, width) where there is tissue, 0..1.
        rng: source of randomness.

    Returns:
        (height, width) float32 density along the stain vector.
    """
    shape = nuclei.mask.shape
    level = float(rng.uniform(0.25, 1.3) if rng.random() < 0.8 else rng.uniform(0.0, 0.25))
    field = 0.5 + smooth_field(shape, float(rng.uniform(25, 80)), rng)
    if rng.random() < 0.6:
        fibres = fibre_field(shape, float(rng.uniform(3, 9)), float(rng.uniform(25, 90)), rng)
        bundle = soft_step(fibres, float(rng.uniform(0.3, 0.6)), float(rng.uniform(5, 25)))
        amount = float(rng.uniform(0.2, 1.0))
        field = field * (1.0 - amount + amount * bundle)
    mottle = smooth_field(shape, float(rng.uniform(2, 7)), rng) - 0.5
    field = field * np.clip(1.0 + float(rng.uniform(0.1, 0.9)) * mottle, 0.2, 2.0)
    under = 1.0 - float(rng.uniform(0.0, 0.8)) * nuclei.mask
    if rng.random() < 0.25:
        ring = cv2.dilate(nuclei.mask, np.ones((7, 7), np.uint8)) - nuclei.mask
        under = under * (1.0 - float(rng.uniform(0.3, 0.9)) * cv2.blur(ring, (3, 3)))
    return np.asarray(level * field * area * np.clip(under, 0.0, 1.0), np.float32)


def brown_density(nuclei: Nuclei, rng: np.random.Generator) -> FloatField:
    """Draw a patchy brown immunostain of the cytoplasm and membranes, none on the nuclei."""
    shape = nuclei.mask.shape
    size = 2 * int(rng.integers(2, 6)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    around = cv2.dilate(nuclei.mask, kernel)
    if rng.random() < 0.5:
        inner = cv2.dilate(nuclei.mask, np.ones((3, 3), np.uint8))
        around = np.clip(around - 0.7 * inner, 0.0, 1.0)
    patch = soft_step(smooth_field(shape, float(rng.uniform(15, 60)), rng), 0.5, 10.0)
    grain = 0.5 + smooth_field(shape, float(rng.uniform(1.5, 4)), rng)
    cover = 1.0 - float(rng.uniform(0.6, 1.0)) * nuclei.mask
    return np.asarray(float(rng.uniform(0.3, 2.0)) * around * patch * grain * cover, np.float32)


def restain(rgb: FloatImage, labels: LabelImage, rng: np.random.Generator) -> FloatImage:
    """Stain labelled nuclei anew: haematoxylin and eosin mostly, an immunostain sometimes.

    Args:
        rgb: (height, width, 3) in 0..1, the source of chromatin texture.
        labels: (height, width), 0 is background.
        rng: source of randomness.

    Returns:
        (height, width, 3) float32 optical density, natural log.
    """
    nuclei = nuclear_density(rgb, labels, rng)
    area = tissue_area(nuclei.mask, rng)
    counter = counterstain_density(nuclei, area, rng)
    blue, pink = stain_vector(HAEMATOXYLIN, rng), stain_vector(EOSIN, rng)
    kind = rng.random()
    brown = stain_vector(DAB, rng)
    density = nuclei.density[..., None] * blue
    if kind < 0.14:
        share = rng.uniform(0.1, 0.8)
        positive = (rng.random(int(labels.max()) + 1) < share)[labels].astype(np.float32)
        soft = cv2.GaussianBlur(positive, (0, 0), 0.5)[..., None]
        density = density * (1.0 - soft) + soft * nuclei.density[..., None] * brown
    if kind < 0.22:
        counter = counter * float(rng.uniform(0.05, 0.5))
        pink = stain_vector(HAEMATOXYLIN if rng.random() < 0.6 else EOSIN, rng)
    if 0.14 <= kind < 0.22:
        density = density + brown_density(nuclei, rng)[..., None] * brown
    density = density + counter[..., None] * pink
    if rng.random() < 0.55:
        veil = smooth_field(area.shape, float(rng.uniform(15, 70)), rng) * area
        cover = 1.0 - 0.7 * nuclei.mask
        density = density + float(rng.uniform(0.1, 0.9)) * (veil * cover)[..., None] * blue
    return np.maximum(density, 0.0).astype(np.float32)


def shift_stain(rgb: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Vary a real stain a little: strength per channel and background, in optical density.

    Args:
        rgb: (height, width, 3) in 0..1.
        rng: source of randomness.

    Returns:
        (height, width, 3) float32 optical density, natural log, never negative.
    """
    gain = float(np.exp(rng.normal(0.0, 0.25))) * np.exp(rng.normal(0.0, 0.15, 3))
    offset = rng.normal(0.0, 0.03, 3)
    return np.maximum(to_density(rgb) * gain + offset, 0.0).astype(np.float32)
