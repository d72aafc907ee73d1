"""From optical density to what a scanner's file would hold, and on to the network's input."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from training.noise import smooth_field
from training.stains import FloatImage, to_rgb

NORMALISE_PERCENTILE = 0.1
"""InstanSeg's own default: each channel from its 0.1th to its 99.9th percentile becomes 0..1."""


def photograph(density: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Light, focus, sharpening, noise and compression, each at random.

    Args:
        density: (height, width, 3) optical density, natural log.
        rng: source of randomness.

    Returns:
        (height, width, 3) float32 in 0..1.
    """
    lamp = rng.uniform(0.84, 1.0) * rng.uniform(0.95, 1.0, 3)
    image = to_rgb(density) * lamp.astype(np.float32)
    if rng.random() < 0.5:
        blurred = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.3)))
        image = np.asarray(blurred, np.float32)
    if rng.random() < 0.4:
        soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.7, 1.5)))
        image = image + float(rng.uniform(0.3, 1.5)) * (image - soft)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = np.clip(image + float(rng.uniform(0.0, 0.02)) * noise, 0.0, 1.0)
    if rng.random() < 0.5:
        image = compress(image, int(rng.integers(35, 95)))
    return image.astype(np.float32)


def clean_glass(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """Photograph nothing: an almost even white, whose only structure is noise and compression.

    Normalised by its own percentiles such a tile becomes a loud pattern of 8 px blocks, which a
    network takes for nuclei unless it has been shown some.

    Args:
        shape: (height, width), px.
        rng: source of randomness.

    Returns:
        (height, width, 3) float32 in 0..1.
    """
    white = rng.uniform(0.86, 1.0) * rng.uniform(0.97, 1.0, 3)
    uneven = smooth_field(shape, float(rng.uniform(10, 60)), rng) - 0.5
    noise = rng.standard_normal((*shape, 3), dtype=np.float32)
    image = white + float(rng.uniform(0.0, 0.02)) * uneven[..., None]
    image = np.clip(image + float(rng.uniform(0.0, 0.006)) * noise, 0.0, 1.0)
    if rng.random() < 0.8:
        image = compress(image.astype(np.float32), int(rng.integers(20, 92)))
    return np.asarray(np.round(255.0 * image) / 255.0, np.float32)


def compress(image: FloatImage, quality: int) -> FloatImage:
    """Pass an image (height, width, 3) in 0..1 through JPEG at the quality given, 0..100."""
    eight_bit = np.round(255.0 * image).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", eight_bit[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return read[..., ::-1].astype(np.float32) / np.float32(255.0)


def normalise(
    image: FloatImage, low: npt.ArrayLike, high: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """Map each channel's ``low``..``high`` to 0..1 and put channels first.

    Args:
        image: (height, width, 3).
        low: value that becomes 0, one or three.
        high: value that becomes 1, one or three.

    Returns:
        (3, height, width) float32.
    """
    span = np.maximum(np.asarray(high, np.float32) - np.asarray(low, np.float32), 1e-3)
    scaled = (image - np.asarray(low, np.float32)) / span
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)


def normalise_tile(image: FloatImage) -> npt.NDArray[np.float32]:
    """Normalise (height, width, 3) by its own percentiles, as InstanSeg does to each tile."""
    flat = image.reshape(-1, 3)
    low, high = np.percentile(flat, (NORMALISE_PERCENTILE, 100.0 - NORMALISE_PERCENTILE), axis=0)
    return normalise(image, low, high)


def normalise_loosely(image: FloatImage, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Normalise as a tile, or as a part of something larger and brighter or darker than itself.

    At run time the percentiles may come from a larger tile or from the whole slide, so the
    range is sometimes widened towards black and white.

    Args:
        image: (height, width, 3) in 0..1.
        rng: source of randomness.

    Returns:
        (3, height, width) float32, mostly in 0..1.
    """
    low, high = np.percentile(
        image.reshape(-1, 3), (NORMALISE_PERCENTILE, 100.0 - NORMALISE_PERCENTILE), axis=0
    )
    if rng.random() < 0.5:
        low = low * rng.uniform(0.0, 1.0)
        high = high + (1.0 - high) * rng.uniform(0.0, 1.0)
    return normalise(image, low, high)
