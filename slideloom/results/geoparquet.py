"""`cells.parquet`: GeoParquet 1.1, one row per cell, geometry in level-0 pixels."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from slideloom.results.final import SCHEMA, FinalCells

ROW_GROUP = 50_000
"""Cells per row group: fixed, so that the file's bytes do not depend on how cells arrive."""

_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {
        "geometry": {
            "encoding": "WKB",
            "geometry_types": ["Polygon"],
            # Level-0 pixels are a plane of their own: no reference system on earth.
            "crs": None,
            "edges": "planar",
        }
    },
}


class ParquetCells:
    """Writes cells as they come, in row groups of equal size."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        schema = SCHEMA.with_metadata({"geo": json.dumps(_GEO, sort_keys=True)})
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, cells: FinalCells) -> None:
        """Take the next cells."""
        self._waiting.append(cells.table)
        self._rows += cells.table.num_rows
        while self._rows >= ROW_GROUP:
            self._write(ROW_GROUP)

    def close(self) -> None:
        """Write what is left and the footer."""
        if self._rows:
            self._write(self._rows)
        self._writer.close()

    def _write(self, rows: int) -> None:
        together = pa.concat_tables(self._waiting).combine_chunks()
        group = together.slice(0, rows).replace_schema_metadata(self._schema.metadata)
        self._writer.write_table(group, row_group_size=rows)
        self._waiting = [together.slice(rows)]
        self._rows -= rows


@contextmanager
def parquet_cells(path: Path) -> Iterator[ParquetCells]:
    """A `ParquetCells` that is closed whatever happens."""
    writer = ParquetCells(path)
    try:
        yield writer
    finally:
        writer.close()


def read_cells(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    """These columns of `cells.parquet`, one table per row group."""
    with pq.ParquetFile(path) as stored:
        for group in range(stored.num_row_groups):
            yield stored.read_row_group(group, columns=columns)
