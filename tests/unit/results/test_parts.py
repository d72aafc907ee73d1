"""Parts come back as they were written, or count as missing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideloom.cells.extract import extract
from slideloom.cells.measures import MEASURES
from slideloom.cells.table import Cells
from slideloom.errors import ResultDamaged
from slideloom.grid import Grid
from slideloom.results.folder import PARTS, ResultFolder
from slideloom.results.parts import has_part, part_name, read_part, write_part


def _cells() -> Cells:
    labels = np.zeros((64, 64), np.int32)
    labels[5:12, 5:20], labels[30:50, 40:44] = 1, 2
    grid = Grid(64, 64, 64, 0)
    return extract(labels, np.full((64, 64, 3), 90, np.uint8), grid.tile(0, 0), grid)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> ResultFolder:
    (tmp_path / PARTS).mkdir()
    return ResultFolder(tmp_path, ())


@pytest.mark.parametrize("cells", [_cells(), Cells.empty(len(MEASURES))], ids=["two", "none"])
def test_a_part_comes_back(folder: ResultFolder, cells: Cells) -> None:
    write_part(folder, "k", cells)
    assert has_part(folder.path, "k")
    assert read_part(folder.path, "k").to_arrow().equals(cells.to_arrow())


def test_no_part(folder: ResultFolder) -> None:
    assert not has_part(folder.path, "k")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_flipped_bit_is_noticed(folder: ResultFolder, data: st.DataObject) -> None:
    write_part(folder, "k", _cells())
    path = folder.path / part_name("k")
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert not has_part(folder.path, "k")
    with pytest.raises(ResultDamaged):
        read_part(folder.path, "k")


@pytest.mark.parametrize("length", [0, 10, 40])
def test_a_cut_part_is_noticed(folder: ResultFolder, length: int) -> None:
    write_part(folder, "k", _cells())
    path = folder.path / part_name("k")
    path.write_bytes(path.read_bytes()[:length])
    assert not has_part(folder.path, "k")
