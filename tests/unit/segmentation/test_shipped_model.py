"""The shipped model on a corner of real tissue: equal bytes for every batch, and sound seams."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from slideloom.agreement import agreement
from slideloom.cells.measures import polygons
from slideloom.compare import Window
from slideloom.engines.base import Engine
from slideloom.engines.loading import load_engine
from slideloom.models import SHIPPED_MODEL
from slideloom.slides import Slide, open_slide
from tests.helpers.runs import merged_cells, outlines, plan_for

pytestmark = pytest.mark.xdist_group("shipped model")


@pytest.fixture(scope="module", name="engine")
def _engine() -> Engine:
    return load_engine(SHIPPED_MODEL, "cpu")


@pytest.fixture(name="corner")
def _corner(sample_path: Path) -> Iterator[Slide]:
    with open_slide(sample_path) as slide:
        yield Window(slide, 1150, 600, 640, 512)


def test_batches_of_one_and_of_four_give_the_same_cells(engine: Engine, corner: Slide) -> None:
    plan = plan_for(corner, engine, 256, 64)
    one = merged_cells(corner, engine, plan, batch_size=1)
    four = merged_cells(corner, engine, plan, batch_size=4)
    assert len(outlines(one)) > 50
    for row, other in zip(one, four, strict=True):
        assert row.cells.to_arrow().equals(other.cells.to_arrow())


def test_tiled_agrees_with_untiled(engine: Engine, corner: Slide) -> None:
    tiled = merged_cells(corner, engine, plan_for(corner, engine, 384, 128))
    whole = merged_cells(corner, engine, plan_for(corner, engine, 640, 0))
    shapes = [
        np.concatenate([polygons(row.cells.xy, row.cells.offsets) for row in rows if row.cells])
        for rows in (whole, tiled)
    ]
    assert agreement(list(shapes[0]), list(shapes[1])).f1 >= 0.98
