"""Every labelled test image through the whole job with the shipped model: it runs, and how well."""

import csv
import time
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from PIL import Image

from slideloom.agreement import Agreement, agreement
from slideloom.cells.labels import canonical
from slideloom.cells.measures import polygons
from slideloom.cells.outlines import trace
from slideloom.engines.base import Engine
from slideloom.engines.loading import load_engine
from slideloom.models import SHIPPED_MODEL
from slideloom.parameters import SegmentCells
from slideloom.segmentation.job import segment_slide
from slideloom.slides import open_slide
from tests.acceptance.shared import shared

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]


def _labelled(path: Path) -> list[shapely.Polygon]:
    with Image.open(path) as image:
        labels = np.asarray(image).astype(np.int32)
    rings = trace(canonical(labels))
    return list(polygons(rings.xy, rings.offsets))


def _segmented(
    image: Path, mpp: float, engine: Engine, out: Path
) -> tuple[list[shapely.Polygon], float | None, float]:
    """Cells, density per mm² and seconds of one job."""
    began = time.perf_counter()
    with open_slide(image, mpp) as slide:
        job = SegmentCells(slide=str(image), mpp=mpp, model=SHIPPED_MODEL)
        summary = segment_slide(job, out, slide, engine)
    seconds = time.perf_counter() - began
    cells = geopandas.read_parquet(out / "cells.parquet")
    return list(cells.geometry), summary["density_per_mm2"], seconds


def test_every_image_of_the_test_split(tmp_path: Path) -> None:
    folder = shared("nuclei")
    engine = load_engine(SHIPPED_MODEL, "cpu", threads=2)
    with open(folder / "index.csv", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "test"]
    total = Agreement(0, 0, 0, 0)
    print()
    for row in rows:
        image = folder / "test" / "images" / f"{row['id']}.png"
        mpp = float(row["estimated_um_per_px"])
        cells, density, seconds = _segmented(image, mpp, engine, tmp_path / row["id"])
        found = agreement(_labelled(folder / "test" / "labels" / f"{row['id']}.png"), cells)
        with Image.open(image) as picture:
            width, height = picture.size
        megapixels = width * height * (mpp / engine.info.mpp) ** 2 / 1e6
        print(
            f"{row['id']}  {len(cells):4d} cells  {density or 0:7.0f} per mm²  "
            f"{seconds / megapixels:7.1f} s/MP  F1 {found.f1:.3f}"
        )
        total = Agreement(
            total.reference + found.reference,
            total.found + found.found,
            total.matched + found.matched,
            0,
        )
    print(f"all: F1 {total.f1:.3f}, precision {total.precision:.3f}, recall {total.recall:.3f}")
    assert len(rows) == 21
    assert total.f1 >= 0.7
