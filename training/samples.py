"""The nuclei data at 0.5 um/px: reading, splitting by look, and endless training tiles.

An image's pixel size is the estimate in ``index.csv``. Validation images are held out of ``train``,
a seeded share of each look, so that ``test`` never takes part in choosing a checkpoint.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from skimage.measure import label as connected_pieces
from torch.utils.data import Dataset

from training.artefacts import scatter
from training.optics import clean_glass, normalise_loosely, photograph
from training.stains import FloatImage, LabelImage, restain, shift_stain

PIXEL_SIZE_UM = 0.5
TILE_PX = 128
SMALLEST_PIECE_PX = 6

HOLD_OUT_SEED = 3
"""Taken before training for what it holds out: a small H&E image, and many magnifications."""

LOOK_SHARES = {
    "H&E": 0.14,
    "haematoxylin, greenish white": 0.14,
    "purple on purple": 0.40,
    "purple on white": 0.32,
}
"""Share of training tiles drawn from each look, so that the rare ones are not drowned."""

HELD_OUT = {
    "H&E": 1,
    "haematoxylin, greenish white": 1,
    "purple on purple": 6,
    "purple on white": 4,
}
"""Images of each look held out of ``train`` for validation."""

RESTAINED_SHARE = 0.65
BLANK_SHARE = 0.10


@dataclass(frozen=True)
class Example:
    """One annotated image.

    Attributes:
        name: identifier in the index.
        look: stain look in the index.
        um_per_px: estimated pixel size of ``rgb`` and ``labels``, um.
        rgb: (height, width, 3) uint8.
        labels: (height, width) int32, 0 is background.
    """

    name: str
    look: str
    um_per_px: float
    rgb: npt.NDArray[np.uint8]
    labels: LabelImage


def read_split(data: Path, split: str) -> list[Example]:
    """Read the examples of one split, in the order of the index.

    Args:
        data: folder with ``index.csv``.
        split: ``train`` or ``test``.

    Returns:
        All examples of the split, at their own pixel sizes.
    """
    with (data / "index.csv").open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == split]
    return [_read_example(data / split, row) for row in rows]


def _read_example(folder: Path, row: dict[str, str]) -> Example:
    """Read one image and its labels."""
    file_name = f"{row['id']}.png"
    bgr = cv2.imread(str(folder / "images" / file_name), cv2.IMREAD_COLOR)
    labels = cv2.imread(str(folder / "labels" / file_name), cv2.IMREAD_UNCHANGED)
    if bgr is None or labels is None:
        raise FileNotFoundError(folder / "images" / file_name)
    return Example(
        name=row["id"],
        look=row["stain"],
        um_per_px=float(row["estimated_um_per_px"]),
        rgb=np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8),
        labels=labels.astype(np.int32),
    )


def hold_out(examples: list[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Split examples into (kept for training, held out for validation), by look and seed."""
    rng = np.random.default_rng(seed)
    held: set[str] = set()
    for look, count in sorted(HELD_OUT.items()):
        names = sorted(example.name for example in examples if example.look == look)
        held.update(str(name) for name in rng.permutation(names)[:count])
    kept = [example for example in examples if example.name not in held]
    return kept, [example for example in examples if example.name in held]


def rescale(example: Example, factor: float = 1.0) -> tuple[FloatImage, LabelImage]:
    """Resample an example to 0.5 um/px, times a factor.

    Args:
        example: annotated image.
        factor: 1 for 0.5 um/px; above 1 makes nuclei larger.

    Returns:
        (height, width, 3) float32 in 0..1 and (height, width) int32 labels.
    """
    scale = factor * example.um_per_px / PIXEL_SIZE_UM
    height, width = example.labels.shape
    size = (max(round(width * scale), 32), max(round(height * scale), 32))
    way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    rgb = cv2.resize(example.rgb, size, interpolation=way).astype(np.float32) / 255.0
    as_float = example.labels.astype(np.float32)
    labels = cv2.resize(as_float, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return rgb.astype(np.float32), labels.astype(np.int32)


def random_tile(example: Example, rng: np.random.Generator) -> tuple[FloatImage, LabelImage]:
    """Cut a turned, flipped, stretched tile; images smaller than a tile are mirrored at the edge.

    Args:
        example: annotated image.
        rng: source of randomness.

    Returns:
        (TILE_PX, TILE_PX, 3) float32 in 0..1 and (TILE_PX, TILE_PX) int32 labels, renumbered so
        that each connected piece is an object of its own.
    """
    rgb, labels = rescale(example, float(np.exp(rng.uniform(-0.45, 0.3))))
    height, width = labels.shape
    middle = (rng.uniform(0, width), rng.uniform(0, height))
    angle = float(rng.choice(np.array([0.0, 90.0, 180.0, 270.0])))
    if rng.random() < 0.5:
        angle += float(rng.uniform(-45, 45))
    turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
    stretch = np.exp(rng.uniform(-0.1, 0.1) if rng.random() < 0.7 else rng.uniform(-0.35, 0.35))
    turn[0] *= stretch * rng.choice(np.array([-1.0, 1.0]))
    turn[1] /= stretch
    centre = turn @ np.array([middle[0], middle[1], 1.0])
    turn[:, 2] += TILE_PX / 2 - centre
    size, edge = (TILE_PX, TILE_PX), cv2.BORDER_REFLECT_101
    tile = cv2.warpAffine(rgb, turn, size, flags=cv2.INTER_LINEAR, borderMode=edge)
    marks = cv2.warpAffine(
        labels.astype(np.float32), turn, size, flags=cv2.INTER_NEAREST, borderMode=edge
    )
    return tile.astype(np.float32), renumber(marks.astype(np.int32))


def renumber(labels: LabelImage) -> LabelImage:
    """Give each connected piece its own number, 1..N, and drop pieces of a few pixels."""
    pieces: LabelImage = np.asarray(connected_pieces(labels, connectivity=1), np.int32)
    areas = np.bincount(pieces.ravel())
    kept = areas >= SMALLEST_PIECE_PX
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(numbers[pieces], np.int32)


def dress(
    rgb: FloatImage, labels: LabelImage, rng: np.random.Generator, restained: bool
) -> FloatImage:
    """Stain, litter and photograph an image: (height, width, 3) in 0..1, to the same."""
    if restained:
        density = scatter(restain(rgb, labels, rng), labels, rng)
    else:
        density = scatter(shift_stain(rgb, rng), labels, rng, rate=0.4)
    return photograph(density, rng)


def blank_tile(rng: np.random.Generator) -> tuple[FloatImage, LabelImage]:
    """Make a tile without nuclei: clean glass, or glass or tissue with litter."""
    labels = np.zeros((TILE_PX, TILE_PX), np.int32)
    kind = rng.random()
    if kind < 0.4:
        return clean_glass((TILE_PX, TILE_PX), rng), labels
    white = np.ones((TILE_PX, TILE_PX, 3), np.float32)
    density = np.zeros_like(white) if kind < 0.7 else restain(white, labels, rng)
    littered = scatter(density, labels, rng, rate=2.5)
    return photograph(littered, rng), labels


class Tiles(Dataset[tuple[torch.Tensor, torch.Tensor, int]]):
    """Training tiles by number: the same number and seed always give the same tile."""

    def __init__(self, examples: list[Example], seed: int, length: int) -> None:
        """Keep the examples; ``length`` is the number of tiles before they run out."""
        self.examples = examples
        self.seed = seed
        self.length = length
        looks = [example.look for example in examples]
        weights = np.array([LOOK_SHARES[look] / looks.count(look) for look in looks])
        self.weights = weights / weights.sum()

    def __len__(self) -> int:
        """Count the tiles."""
        return self.length

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Make one tile: (3, TILE_PX, TILE_PX) float32, (1, TILE_PX, TILE_PX) int32, count."""
        rng = np.random.default_rng((self.seed, number))
        if rng.random() < BLANK_SHARE:
            image, labels = blank_tile(rng)
        else:
            example = self.examples[int(rng.choice(len(self.examples), p=self.weights))]
            rgb, labels = random_tile(example, rng)
            image = dress(rgb, labels, rng, bool(rng.random() < RESTAINED_SHARE))
        pixels = torch.from_numpy(normalise_loosely(image, rng))
        return pixels, torch.from_numpy(labels)[None], int(labels.max())
