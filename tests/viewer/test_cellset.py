"""What is found in a box is what `cells.parquet` holds there, exactly."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.errors import ResultDamaged
from slideloom.results.final import MEASURE_COLUMNS, SCHEMA, FinalCells
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.finished import ResultTooLarge, read_cells
from slideloom.viewer.piece import piece_of
from tests.viewer.made import made_cells, written

SIDE = 2000
FINAL = made_cells(400, SIDE, SIDE, scale=1.37)
SHAPES = shapely.from_wkb(FINAL.table["geometry"].to_numpy())
COORDINATES = st.integers(-100, SIDE + 100)


def set_of(final: FinalCells, parts: int = 3) -> CellSet:
    """The cells in some pieces."""
    cuts = np.linspace(0, final.table.num_rows, parts + 1).astype(int)
    return CellSet(
        tuple(piece_of(final.table.slice(start, end - start)) for start, end in pairwise(cuts))
    )


@settings(max_examples=50, deadline=None)
@given(COORDINATES, COORDINATES, COORDINATES, COORDINATES, st.integers(1, 5))
def test_a_box_finds_all_whose_box_meets_it(a: int, b: int, c: int, d: int, parts: int) -> None:
    box = (min(a, c), min(b, d), max(a, c), max(b, d))
    bounds = shapely.bounds(SHAPES)
    met = (bounds[:, :2] <= box[2:]).all(axis=1) & (bounds[:, 2:] >= box[:2]).all(axis=1)
    total, told = set_of(FINAL, parts).described(box, 1000)
    assert total == met.sum()
    assert [cell["id"] for cell in told] == FINAL.table["id"].filter(pa.array(met)).to_pylist()


def test_cells_are_told_as_they_are_stored() -> None:
    _, told = set_of(FINAL).described((0, 0, SIDE, SIDE), 1000)
    rows = FINAL.table.to_pylist()
    assert len(told) == len(rows)
    for cell, row, shape in zip(told, rows, SHAPES, strict=True):
        ring = shapely.get_coordinates(shape)[:-1]
        assert cell["outline"] == ring.ravel().tolist()
        assert cell["centroid"] == [row["centroid_x"], row["centroid_y"]]
        assert {name: cell[name] for name in ("id", "clipped", "rescued")} == {
            name: row[name] for name in ("id", "clipped", "rescued")
        }
        for name in MEASURE_COLUMNS:
            assert cell[name] == pytest.approx(row[name], rel=1e-6, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 500), st.integers(1, 7))
def test_of_too_many_some_are_told_from_all_over(most: int, parts: int) -> None:
    total, told = set_of(FINAL, parts).described((0, 0, SIDE, SIDE), most)
    assert total == 400
    ids = [cell["id"] for cell in told]
    assert len(set(ids)) == len(ids) == min(most, 400)
    if 1 < most < 400:
        every = FINAL.table["id"].to_pylist()
        assert (ids[0], ids[-1]) == (every[0], every[-1])


def test_large_cells_are_kept_whole() -> None:
    final = made_cells(3, 9000, 9000, radius=900)
    _, told = set_of(final, 1).described((0, 0, 9000, 9000), 10)
    flat = np.concatenate([cell["outline"] for cell in told]).reshape(-1, 2)
    assert np.array_equal(flat, final.xy)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path / "cells.parquet", FINAL, made_cells(100, SIDE, SIDE, seed=5))
    cells = read_cells(path, 1 << 30)
    assert len(cells) == 500
    assert cells.described((0, 0, SIDE, SIDE), 400)[1][0]["id"] == FINAL.table["id"][0].as_py()
    with pytest.raises(ResultTooLarge, match="500 cells"):
        read_cells(path, 1000)


def test_no_cells_are_a_set_too(tmp_path: Path) -> None:
    cells = read_cells(written(tmp_path / "cells.parquet"), 1 << 30)
    assert cells.described((0, 0, 10, 10), 10) == (0, [])


def _broken(column: str, value: object) -> pa.Table:
    """The table with one cell's value replaced."""
    place = SCHEMA.get_field_index(column)
    values = [value, *FINAL.table[column].to_pylist()[1:]]
    return FINAL.table.set_column(
        place, SCHEMA.field(column), pa.array(values, SCHEMA.types[place])
    )


@pytest.mark.parametrize(
    "table",
    [
        _broken("geometry", b"rubbish"),
        _broken("geometry", shapely.to_wkb(shapely.Point(1, 1))),
        _broken("geometry", shapely.to_wkb(shapely.Polygon())),
        _broken("geometry", shapely.to_wkb(shapely.box(0, 0, 1e12, 1))),
        _broken("id", "no hex"),
        _broken("id", ""),
        _broken("centroid_x", float("nan")),
        FINAL.table.drop_columns(["dab_od"]),
    ],
)
def test_what_we_did_not_write_is_refused(table: pa.Table, tmp_path: Path) -> None:
    with pytest.raises(ResultDamaged):
        piece_of(table)
    pq.write_table(table, tmp_path / "cells.parquet")
    with pytest.raises(ResultDamaged):
        read_cells(tmp_path / "cells.parquet", 1 << 30)


def test_rubbish_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    path.write_bytes(b"PAR1 rubbish PAR1")
    with pytest.raises(ResultDamaged):
        read_cells(path, 1 << 30)
