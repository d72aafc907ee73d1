"""Merging and writing made cells: time must grow with the cells, memory must not."""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.report import Figure, seconds
from slideloom.cells.extract import extract
from slideloom.cells.merge import merge
from slideloom.cells.table import Cells
from slideloom.grid import Grid
from slideloom.results.final import Frame, finish
from slideloom.results.geojson import geojson_cells
from slideloom.results.geoparquet import parquet_cells

_TILE, _OVERLAP, _PITCH = 1024, 128, 18
_COLUMNS = 12


def run() -> list[Figure]:
    """A quarter of a million cells and a million, each in a process of its own."""
    small, large = _measured(8), _measured(32)
    return [
        Figure("cells, small run", small[0], ""),
        Figure("cells, large run", large[0], ""),
        Figure("time per cell, large / small", (large[1] / large[0]) / (small[1] / small[0]), "×"),
        Figure("merge, measures, both files, per million cells", 1e6 * large[1] / large[0], "s"),
        Figure("peak memory, large / small", large[2] / small[2], "×"),
        Figure("peak memory, large run", large[2] / 1024, "MiB"),
    ]


def _measured(rows: int) -> tuple[float, float, float]:
    """Cells, seconds and peak RSS in KiB of a run over so many rows of tiles."""
    said = subprocess.run(
        [sys.executable, "-m", "bench.merging", str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    cells, time_s, peak = said.stdout.split()
    return float(cells), float(time_s), float(peak)


def _labels(tile_x: int, tile_y: int, width: int, height: int) -> np.ndarray:
    """Discs on a lattice of the slide, labelled by their lattice point."""
    x, y = tile_x + np.arange(width), tile_y + np.arange(height)
    near = ((x % _PITCH - 8) ** 2)[None, :] + ((y % _PITCH - 8) ** 2)[:, None] <= 36
    name = (x // _PITCH)[None, :] + 1000 * (y // _PITCH)[:, None] + 1
    return np.where(near, name, 0).astype(np.int32)


def _rows(grid: Grid) -> Iterator[Cells]:
    pixels = np.full((_TILE, _TILE, 3), 120, np.uint8)
    for row in range(grid.rows):
        reported = []
        for column in range(grid.columns):
            tile = grid.tile(row, column)
            rect = tile.rect
            labels = _labels(rect.x0, rect.y0, rect.width, rect.height)
            reported.append(extract(labels, pixels[: rect.height, : rect.width], tile, grid))
        yield Cells.concatenate(reported)


def _merge(grid: Grid, rows: list[Cells] | Iterator[Cells], folder: Path) -> int:
    frame = Frame(1.0, 1.0, grid.width_px, grid.height_px, 0.5, "00" * 32)
    count = 0
    with (
        parquet_cells(folder / "cells.parquet") as parquet,
        geojson_cells(folder / "cells.geojson.gz") as geojson,
    ):
        for merged in merge(rows, grid):
            final = finish(merged, frame)
            parquet.add(final)
            geojson.add(final)
            count += len(merged.cells)
    return count


def main(tile_rows: int) -> None:
    """Print cells, seconds (with extraction) and peak RSS in KiB."""
    stride = _TILE - _OVERLAP
    grid = Grid(stride * _COLUMNS + _OVERLAP, stride * tile_rows + _OVERLAP, _TILE, _OVERLAP)
    counted: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        spent = seconds(lambda: counted.append(_merge(grid, _rows(grid), Path(folder))))
    print(counted[0], spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main(int(sys.argv[1]))
