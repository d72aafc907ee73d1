"""`cells.parquet` and `cells.geojson.gz`: valid, equal to each other, read by what users have."""

import gzip
import json
import uuid
from pathlib import Path

import cv2
import geopandas
import numpy as np
import pytest
import shapely

from slideloom.cells.extract import extract
from slideloom.cells.labels import canonical
from slideloom.cells.merge import Merged, merge
from slideloom.grid import Grid
from slideloom.results import geoparquet
from slideloom.results.final import FinalCells, Frame, finish
from slideloom.results.geojson import geojson_cells
from slideloom.results.geoparquet import parquet_cells

WIDTH, HEIGHT = 403, 299
# The last model pixel reaches 0.75 level-0 px beyond the slide, on both axes.
FRAME = Frame(1.25, 1.25, 503, 373, 0.5, "ab" * 32)


def _merged(count: int = 60) -> Merged:
    rng = np.random.default_rng(5)
    labels = np.zeros((HEIGHT, WIDTH), np.int32)
    for name in range(1, count + 1):
        centre = (int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT)))
        cv2.ellipse(labels, centre, (9, 5), float(rng.integers(0, 180)), 0, 360, name, -1)
    grid = Grid(WIDTH, HEIGHT, 416, 0)
    pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    reported = extract(canonical(labels), pixels, grid.tile(0, 0), grid)
    return next(iter(merge([reported], grid)))


def _write(folder: Path, cells: list[FinalCells]) -> tuple[Path, Path]:
    parquet, geojson = folder / "cells.parquet", folder / "cells.geojson.gz"
    with parquet_cells(parquet) as table, geojson_cells(geojson) as features:
        for batch in cells:
            table.add(batch)
            features.add(batch)
    return parquet, geojson


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> tuple[Path, Path]:
    return _write(tmp_path, [finish(_merged(), FRAME)])


def test_geojson_is_what_qupath_reads(files: tuple[Path, Path]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    document = json.loads(gzip.decompress(files[1].read_bytes()), parse_constant=refuse)
    assert document["type"] == "FeatureCollection"
    assert len(document["features"]) == 60 - _hidden()
    for feature in document["features"]:
        assert uuid.UUID(feature["id"])
        assert feature["properties"]["objectType"] == "detection"
        assert feature["properties"]["classification"]["name"] == "Nucleus"
        assert feature["properties"]["measurements"]["Area µm^2"] > 0
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        polygon = shapely.Polygon(ring)
        assert polygon.is_valid
        assert shapely.box(0, 0, FRAME.width_px, FRAME.height_px).covers(polygon)


def _hidden() -> int:
    """Cells that others were drawn over entirely."""
    return 60 - len(_merged().cells)


def test_parquet_opens_in_geopandas_with_the_same_cells(files: tuple[Path, Path]) -> None:
    table = geopandas.read_parquet(files[0])
    features = json.loads(gzip.decompress(files[1].read_bytes()))["features"]
    assert table["id"].tolist() == [feature["id"] for feature in features]
    assert table.crs is None
    for geometry, feature in zip(table.geometry, features, strict=True):
        assert geometry.equals(shapely.geometry.shape(feature["geometry"]))
    assert table["id"].is_unique


def test_areas_are_those_of_the_outlines(files: tuple[Path, Path]) -> None:
    table = geopandas.read_parquet(files[0])
    bounds = table.geometry.bounds
    inside = table[(bounds["maxx"] < FRAME.width_px) & (bounds["maxy"] < FRAME.height_px)]
    expected = inside.geometry.area * (FRAME.mpp / FRAME.scale_x) ** 2
    assert np.allclose(inside["area_um2"], expected, rtol=1e-3)


def test_bytes_do_not_depend_on_how_cells_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geoparquet, "ROW_GROUP", 16)
    merged = _merged()
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    whole.mkdir()
    pieces.mkdir()
    one = _write(whole, [finish(merged, FRAME)])
    split = [
        finish(Merged(merged.cells.take(p), merged.clipped[p], merged.rescued[p]), FRAME)
        for p in np.array_split(np.arange(len(merged.cells)), 7)
    ]
    other = _write(pieces, split)
    assert one[0].read_bytes() == other[0].read_bytes()
    assert one[1].read_bytes() == other[1].read_bytes()


def test_no_cells_are_a_valid_result(tmp_path: Path) -> None:
    merged = _merged()
    none = np.zeros(0, np.int64)
    empty = Merged(merged.cells.take(none), merged.clipped[none], merged.rescued[none])
    parquet, geojson = _write(tmp_path, [finish(empty, FRAME)])
    assert len(geopandas.read_parquet(parquet)) == 0
    assert json.loads(gzip.decompress(geojson.read_bytes()))["features"] == []


def test_a_cell_keeps_its_id_in_another_tiling() -> None:
    assert finish(_merged(), FRAME).table["id"].to_pylist() == (
        finish(_merged(), FRAME).table["id"].to_pylist()
    )
    other = Frame(1.25, 1.25, FRAME.width_px, FRAME.height_px, 0.5, "cd" * 32)
    assert set(finish(_merged(), FRAME).table["id"].to_pylist()).isdisjoint(
        finish(_merged(), other).table["id"].to_pylist()
    )
