"""Cells that nobody segmented, written as we write them."""

from pathlib import Path

import numpy as np

from slideloom.cells.measures import MEASURES
from slideloom.cells.merge import Merged
from slideloom.cells.table import Cells
from slideloom.results.final import FinalCells, Frame, finish
from slideloom.results.geoparquet import parquet_cells

FINGERPRINT = "ab" * 32


def made_cells(
    count: int,
    width: int,
    height: int,
    seed: int = 0,
    radius: int = 9,
    scale: float = 1.0,
    band: tuple[float, float] = (0.0, 1.0),
) -> FinalCells:
    """Cells of 16 corners about whole positions, in a slide of this size in level-0 px.

    Args:
        count: How many.
        width: Of the slide, level-0 px.
        height: Of the slide, level-0 px.
        seed: Another seed, other cells.
        radius: About so large, in model px.
        scale: Level-0 px per model px.
        band: Between which shares of the height they lie.
    """
    rng = np.random.default_rng(seed)
    right, top, bottom = int(width / scale), *(int(height / scale * share) for share in band)
    centre = rng.integers((0, top), (right, bottom), (count, 1, 2))
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    reach = rng.integers(max(radius - 4, 2), radius + 4, (count, 16, 1))
    round_it = np.rint(reach * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    xy = np.maximum(centre + round_it, 0).astype(np.int32).reshape(-1, 2)
    pixels = np.full(count, 3 * radius**2, np.int64)
    measures = rng.uniform(0.1, 0.9, (count, len(MEASURES)))
    measures[:, 0] = pixels
    where = centre[:, 0].astype(np.int64) * pixels[:, None]
    tiles = np.zeros(count, np.int32)
    yes = np.ones(count, bool)
    cells = Cells(
        *(tiles, tiles, yes, ~yes, pixels, where[:, 0], where[:, 1]),
        measures=measures,
        xy=xy,
        offsets=np.arange(count + 1, dtype=np.int64) * 16,
    )
    order = np.lexsort((where[:, 0], where[:, 1] // max(int(pixels[0]), 1) // 1024))
    marks = rng.random((2, count)) < 0.1
    frame = Frame(scale, scale, width, height, 0.5, FINGERPRINT)
    return finish(Merged(cells.take(order), clipped=marks[0], rescued=marks[1]), frame)


def written(path: Path, *batches: FinalCells) -> Path:
    """A `cells.parquet` of them."""
    with parquet_cells(path) as parquet:
        for batch in batches:
            parquet.add(batch)
    return path
