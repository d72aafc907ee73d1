"""Smooth random fields: the raw material of made-up tissue.

Every field is drawn from a seeded generator, has the shape that is asked for and lies in 0..1, so
that callers can treat it as a fraction without looking at its history.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FloatField = npt.NDArray[np.float32]


def smooth_field(shape: tuple[int, int], grain_px: float, rng: np.random.Generator) -> FloatField:
    """Draw a random field whose features are about ``grain_px`` wide.

    Args:
        shape: (height, width), px.
        grain_px: distance between independent values, px.
        rng: source of randomness.

    Returns:
        (height, width) float32 in 0..1.
    """
    height, width = shape
    coarse = rng.random((int(height / grain_px) + 3, int(width / grain_px) + 3), dtype=np.float32)
    scale = float(max(grain_px, 1.0))
    size = (int(coarse.shape[1] * scale) + 1, int(coarse.shape[0] * scale) + 1)
    fine = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(fine[:height, :width], 0.0, 1.0).astype(np.float32)


def fibre_field(
    shape: tuple[int, int], width_px: float, length_px: float, rng: np.random.Generator
) -> FloatField:
    """Draw a field of parallel wavy fibres in a random direction.

    Args:
        shape: (height, width), px.
        width_px: grain across the fibres, px.
        length_px: grain along the fibres, px.
        rng: source of randomness.

    Returns:
        (height, width) float32 in 0..1, high on the fibres.
    """
    height, width = shape
    side = int(1.5 * max(height, width)) + 8
    coarse = rng.random((int(side / width_px) + 2, int(side / length_px) + 2), dtype=np.float32)
    field = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    angle = float(rng.uniform(0, 180))
    turn = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1.0), np.float64)
    turn[:, 2] -= np.array([(side - width) / 2, (side - height) / 2])
    turned = cv2.warpAffine(field, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    bend = 4.0 * (smooth_field(shape, 40.0, rng) - 0.5) * width_px
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    bent = cv2.remap(
        turned, columns + bend, rows - bend, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.clip(bent, 0.0, 1.0).astype(np.float32)


def soft_step(field: FloatField, threshold: float, sharpness: float) -> FloatField:
    """Turn a field into a soft mask of where it exceeds a threshold.

    Args:
        field: (height, width), any range.
        threshold: value mapped to 0.5.
        sharpness: slope of the logistic curve, per unit of field.

    Returns:
        (height, width) float32 in 0..1.
    """
    exponent = np.clip(-sharpness * (field - threshold), -30.0, 30.0)
    return np.asarray(1.0 / (1.0 + np.exp(exponent)), np.float32)
