"""One tile task: read ahead, segment in batches, report the cells.

While the engine works on one batch, the next are read; several tile tasks run side by side on a
thread pool and share one engine, so that reading, network and post-processing overlap. A batch that
the engine fails on is tried again tile by tile, so that one bad tile costs no other.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field

import numpy as np

from slideloom.arrays import Int32, UInt8
from slideloom.cells.extract import extract
from slideloom.cells.measures import MEASURES
from slideloom.cells.table import Cells
from slideloom.engines.base import Engine
from slideloom.errors import EngineFailed
from slideloom.grid import Tile
from slideloom.results.parts import Gap
from slideloom.segmentation.plan import Plan
from slideloom.segmentation.quarantine import DIED, NO_GAPS, Quarantine
from slideloom.slides import GridReader

READ_AHEAD = 2
"""Batches that wait for the engine, at most, per tile task."""


class Watch:
    """Hears of every batch; this one does nothing with it."""

    one_by_one = False
    """Whether tiles are taken one at a time, none read ahead, each between `trying` and its end."""

    def before_batch(self) -> None:
        """A batch is about to be segmented."""

    def after_batch(self, tiles: int) -> None:
        """A batch of so many tiles is done."""

    def trying(self, tile: int) -> AbstractContextManager[None]:  # noqa: ARG002
        """Around everything that is done with the tile of this index."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Segmented:
    """What a tile task has found.

    Attributes:
        cells: The cells that its tiles report, in the order of the tiles.
        gaps: Tiles that were left out, in order.
    """

    cells: Cells
    gaps: tuple[Gap, ...]


_NOBODY = Watch()


def segment_tiles(
    plan: Plan,
    task: int,
    reader: GridReader,
    engine: Engine,
    batch_size: int,
    readers: int = 1,
    watch: Watch = _NOBODY,
    bad: Quarantine = NO_GAPS,
) -> Segmented:
    """The cells that the tiles of a task report.

    Args:
        plan: The slide's plan.
        task: Index of the tile task.
        reader: The slide on the model's grid.
        engine: The engine that the plan was made for.
        batch_size: Tiles in one forward pass.
        readers: Threads that read ahead.
        watch: Called before and after each batch; what it raises ends the task.
        bad: What becomes of tiles that cannot be segmented.

    Raises:
        EngineFailed: The engine failed, on a tile that may not be left out or on every tile; the
            message names the tile.
        SlideUnreadable: The slide breaks at one of the tiles.
    """
    tiles = dict(zip(plan.tasks[task], plan.tiles(task), strict=True))
    work = _Work(plan, reader, engine, watch, bad.gaps)
    work.gaps += [Gap(tiles[i].row, tiles[i].column, DIED) for i in tiles if i in bad.skip]
    wanted = {index: tile for index, tile in tiles.items() if index not in bad.skip}
    if watch.one_by_one:
        for index, tile in wanted.items():
            with watch.trying(index):
                work.segment([tile], batch_size=1, readers=1)
    else:
        work.segment(list(wanted.values()), batch_size, readers)
    return work.result()


@dataclass(slots=True)
class _Work:
    """One try at a tile task: cells by row and column of the tile, and gaps so far."""

    plan: Plan
    reader: GridReader
    engine: Engine
    watch: Watch
    may_leave_out: bool
    found: dict[tuple[int, int], Cells] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def segment(self, tiles: list[Tile], batch_size: int, readers: int) -> None:
        """Segment these tiles, in batches."""
        grid = self.plan.grid
        for places, pixels in _read_ahead(batches(tiles, batch_size), tiles, self.reader, readers):
            self.watch.before_batch()
            labels = self._labels([tiles[place] for place in places], pixels)
            for place, label, image in zip(places, labels, pixels, strict=True):
                if label is not None:
                    tile = tiles[place]
                    self.found[tile.row, tile.column] = extract(label, image, tile, grid)
            self.watch.after_batch(len(places))

    def result(self) -> Segmented:
        """All cells and gaps, in the order of the tiles."""
        cells = [self.found[place] for place in sorted(self.found)]
        cells = cells or [Cells.empty(len(MEASURES))]
        return Segmented(Cells.concatenate(cells), tuple(sorted(self.gaps)))

    def _labels(self, tiles: list[Tile], pixels: UInt8) -> list[Int32] | list[Int32 | None]:
        """Labels of a batch of tiles; None for those that are left out."""
        with suppress(EngineFailed):
            return self.engine.segment(pixels, self.plan.normalisation)
        # Outside of the handler: the error's frames may hold a device's memory.
        return [self._alone(tile, pixels[place : place + 1]) for place, tile in enumerate(tiles)]

    def _alone(self, tile: Tile, pixels: UInt8) -> Int32 | None:
        """Labels of one tile; None: it is a gap."""
        try:
            return self.engine.segment(pixels, self.plan.normalisation)[0]
        except EngineFailed as error:
            said = str(error)
            if not self.may_leave_out:
                raise self._failed(tile, said) from error
        self._check_engine(tile, np.full_like(pixels, 255), said)
        self.gaps.append(Gap(tile.row, tile.column, said))
        return None

    def _check_engine(self, tile: Tile, glass: UInt8, said: str) -> None:
        """A tile is to blame only where the engine still does plain glass of that size."""
        try:
            self.engine.segment(glass, self.plan.normalisation)
        except EngineFailed as error:
            raise self._failed(tile, f"{said}; and so does plain glass") from error

    def _failed(self, tile: Tile, said: str) -> EngineFailed:
        name = self.plan.slide.name
        return EngineFailed(f"{name}, tile (row, column) ({tile.row}, {tile.column}): {said}")


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
