"""One tile task: read ahead, segment in batches, report the cells.

While the engine works on one batch, the next are read; several tile tasks run side by side on a
thread pool and share one engine, so that reading, network and post-processing overlap.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from slideloom.arrays import UInt8
from slideloom.cells.extract import extract
from slideloom.cells.measures import MEASURES
from slideloom.cells.table import Cells
from slideloom.engines.base import Engine
from slideloom.errors import EngineFailed
from slideloom.grid import Tile
from slideloom.segmentation.plan import Plan
from slideloom.slides import GridReader

READ_AHEAD = 2
"""Batches that wait for the engine, at most, per tile task."""


class Watch:
    """Hears of every batch; this one does nothing with it."""

    def before_batch(self) -> None:
        """A batch is about to be segmented."""

    def after_batch(self, tiles: int) -> None:
        """A batch of so many tiles is done."""


_NOBODY = Watch()


def segment_tiles(
    plan: Plan,
    task: int,
    reader: GridReader,
    engine: Engine,
    batch_size: int,
    readers: int = 1,
    watch: Watch = _NOBODY,
) -> Cells:
    """The cells that the tiles of a task report, in the order of the tiles.

    Args:
        plan: The slide's plan.
        task: Index of the tile task.
        reader: The slide on the model's grid.
        engine: The engine that the plan was made for.
        batch_size: Tiles in one forward pass.
        readers: Threads that read ahead.
        watch: Called before and after each batch; what it raises ends the task.

    Raises:
        EngineFailed: The engine failed; the message names the tiles.
        SlideUnreadable: The slide breaks at one of the tiles.
    """
    tiles = plan.tiles(task)
    found: dict[int, Cells] = {}
    for places, pixels in _read_ahead(batches(tiles, batch_size), tiles, reader, readers):
        watch.before_batch()
        try:
            labels = engine.segment(pixels, plan.normalisation)
        except EngineFailed as error:
            raise EngineFailed(f"{plan.slide.name}, {_where(tiles, places)}: {error}") from error
        for place, label, image in zip(places, labels, pixels, strict=True):
            found[place] = extract(label, image, tiles[place], plan.grid)
        watch.after_batch(len(places))
    return Cells.concatenate(
        [found[place] for place in sorted(found)] or [Cells.empty(len(MEASURES))]
    )


def batches(tiles: list[Tile], batch_size: int) -> list[list[int]]:
    """Places in `tiles`, in batches of equal shape: tiles at the slide's end are smaller."""
    by_shape: dict[tuple[int, int], list[int]] = {}
    for place, tile in enumerate(tiles):
        by_shape.setdefault((tile.rect.height, tile.rect.width), []).append(place)
    return [
        places[start : start + batch_size]
        for places in by_shape.values()
        for start in range(0, len(places), batch_size)
    ]


def _read_ahead(
    wanted: list[list[int]], tiles: list[Tile], reader: GridReader, readers: int
) -> Iterator[tuple[list[int], UInt8]]:
    """Batches of pixels in order, at most `READ_AHEAD` of them waiting."""

    def read(places: list[int]) -> UInt8:
        rects = [tiles[place].rect for place in places]
        return np.stack([reader.read(r.x0, r.y0, r.width, r.height) for r in rects])

    with ThreadPoolExecutor(readers, thread_name_prefix="read") as pool:
        waiting = deque[tuple[list[int], Future[UInt8]]]()
        remaining = iter(wanted)
        try:
            while True:
                while len(waiting) <= READ_AHEAD and (places := next(remaining, None)) is not None:
                    waiting.append((places, pool.submit(read, places)))
                if not waiting:
                    return
                places, pixels = waiting.popleft()
                yield places, pixels.result()
        finally:
            for _, pixels in waiting:
                pixels.cancel()


def _where(tiles: list[Tile], places: list[int]) -> str:
    named = ", ".join(f"({tiles[place].row}, {tiles[place].column})" for place in places)
    return f"tile (row, column) {named}"
