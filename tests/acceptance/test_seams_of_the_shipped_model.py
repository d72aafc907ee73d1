"""The shipped model on the whole sample slide: tiled runs held against the untiled one.

InstanSeg's post-processing rounds in the coordinates of its tile, so single pixels differ; cells
may not. The table that is printed belongs into the release notes.
"""

from pathlib import Path

import pytest
import shapely

from slideloom.agreement import agreement
from slideloom.cells.measures import polygons
from slideloom.engines.base import Engine
from slideloom.engines.loading import load_engine
from slideloom.models import SHIPPED_MODEL
from slideloom.slides import Slide, open_slide
from slideloom.tissue import TissueMask, detect_tissue
from tests.helpers.runs import merged_cells, plan_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", name="engine")
def _engine() -> Engine:
    return load_engine(SHIPPED_MODEL, "cpu", threads=2)


@pytest.fixture(scope="module", name="slide")
def _slide(sample_path: Path) -> Slide:
    return open_slide(sample_path)


@pytest.fixture(scope="module", name="tissue")
def _tissue(slide: Slide) -> TissueMask:
    return detect_tissue(slide)


def _cells(
    slide: Slide, engine: Engine, tissue: TissueMask, tile: int, overlap: int
) -> list[shapely.Polygon]:
    plan = plan_for(slide, engine, tile, overlap, tissue)
    found = []
    for row in merged_cells(slide, engine, plan):
        on_tissue = tissue.covers(*plan.frame.centroids(row.cells))
        shapes = polygons(row.cells.xy, row.cells.offsets) if len(row.cells) else []
        found += [shape for shape, kept in zip(shapes, on_tissue, strict=True) if kept]
    return found


@pytest.fixture(scope="module", name="untiled")
def _untiled(slide: Slide, engine: Engine, tissue: TissueMask) -> list[shapely.Polygon]:
    return _cells(slide, engine, tissue, 3008, 0)


@pytest.mark.parametrize(("tile", "overlap"), [(2048, 256), (1024, 256), (1024, 128), (512, 128)])
def test_tiled_agrees_with_untiled(
    slide: Slide,
    engine: Engine,
    tissue: TissueMask,
    untiled: list[shapely.Polygon],
    tile: int,
    overlap: int,
) -> None:
    found = agreement(untiled, _cells(slide, engine, tissue, tile, overlap))
    print(
        f"\n{tile}/{overlap}: untiled {found.reference}, tiled {found.found}, F1 {found.f1:.5f}, "
        f"pixel-identical {100 * found.identical / found.reference:.2f} %"
    )
    assert found.f1 >= 0.999
