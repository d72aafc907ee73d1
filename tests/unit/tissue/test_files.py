import gzip
import io
import json
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slideloom.arrays import Bool
from slideloom.errors import TissueMaskUnusable
from slideloom.slides import GridReader
from slideloom.tissue import (
    TissueMask,
    TissueParameters,
    load_mask,
    mask_pixel_um,
    to_geojson,
    to_png,
)
from slideloom.tissue.polygons import outlines, rasterise
from tests.unit.tissue import drawn

COARSE = TissueParameters(pixel_um=8.0, min_side_px=1)


def slide(height: int, width: int, mpp: float = 1.0) -> drawn.MemorySlide:
    return drawn.MemorySlide(np.full((height, width, 3), 255, np.uint8), mpp)


@st.composite
def bits(draw: st.DrawFn) -> Bool:
    """Small masks, noise included: corners that touch, islands in holes, frames."""
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    seed, share = draw(st.integers(0, 2**31)), draw(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]))
    return np.random.default_rng(seed).random((height, width)) < share


def of_grid(mask: Bool, overhang: int = 0) -> tuple[TissueMask, drawn.MemorySlide]:
    """A mask on the grid that belongs to its slide, 8 µm a pixel on 1 µm pixels."""
    own = slide(mask.shape[0] * 8 - overhang, mask.shape[1] * 8 - overhang)
    grid = GridReader(own, mask_pixel_um(own, COARSE))
    return TissueMask(mask, grid.scale, own.width_px, own.height_px, "auto"), own


@given(bits(), st.integers(0, 7))
def test_geojson_and_back_is_the_same_mask(mask: Bool, overhang: int) -> None:
    tissue, own = of_grid(mask, overhang)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tissue.geojson"
        path.write_bytes(to_geojson(tissue))
        back = load_mask(path, own, COARSE)
    assert np.array_equal(back.mask, mask)
    assert back.digest() == tissue.digest()
    assert back.source == "given"


@given(bits(), st.integers(0, 7))
def test_png_and_back_is_the_same_mask(mask: Bool, overhang: int) -> None:
    tissue, own = of_grid(mask, overhang)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tissue.png"
        path.write_bytes(to_png(tissue))
        back = load_mask(path, own, COARSE)
    assert np.array_equal(back.mask, mask)
    assert back.digest() == tissue.digest()


@given(bits(), st.floats(0.3, 40.0), st.floats(0.3, 40.0))
def test_outlines_are_exact_and_valid(mask: Bool, sx: float, sy: float) -> None:
    width, height = int(mask.shape[1] * sx) + 1, int(mask.shape[0] * sy) + 1
    tissue = TissueMask(mask, (sx, sy), width, height, "auto")
    polygons = outlines(tissue)
    assert all(polygon.is_valid for polygon in polygons)
    assert sum(p.area for p in polygons) == pytest.approx(tissue.area_mm2(1000.0, 1000.0))
    x, y = tissue.column_edges(), tissue.row_edges()
    assert np.array_equal(rasterise(polygons, (x[:-1] + x[1:]) / 2, (y[:-1] + y[1:]) / 2), mask)
    corners = shapely.get_coordinates(polygons)
    assert np.isin(corners[:, 0], x).all()
    assert np.isin(corners[:, 1], y).all()


def test_geojson_is_what_qupath_reads() -> None:
    frame = np.ones((5, 5), np.bool_)
    frame[2, 2] = False
    document = json.loads(to_geojson(of_grid(frame)[0]))
    assert document["type"] == "FeatureCollection"
    (feature,) = document["features"]
    assert feature["properties"]["objectType"] == "annotation"
    assert feature["properties"]["classification"]["name"] == "Tissue"
    assert len(feature["geometry"]["coordinates"]) == 2
    assert sorted(feature["geometry"]["coordinates"][0]) == [
        [0, 0], [0, 0], [0, 40], [40, 0], [40, 40],
    ]  # fmt: skip


def test_no_tissue_is_an_empty_collection(tmp_path: Path) -> None:
    tissue, own = of_grid(np.zeros((3, 4), np.bool_))
    assert json.loads(to_geojson(tissue)) == {"type": "FeatureCollection", "features": []}
    path = tmp_path / "none.geojson"
    path.write_bytes(to_geojson(tissue))
    assert not load_mask(path, own).mask.any()


SQUARE = {"type": "Polygon", "coordinates": [[[8, 8], [24, 8], [24, 24], [8, 24], [8, 8]]]}
FEATURE = {"type": "Feature", "geometry": SQUARE, "properties": None}


@pytest.mark.parametrize(
    "document",
    [
        SQUARE,
        {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]},
        {"type": "GeometryCollection", "geometries": [SQUARE]},
        FEATURE,
        [FEATURE],
        {"type": "FeatureCollection", "features": [FEATURE, FEATURE]},
        {
            "type": "FeatureCollection",
            "features": [
                FEATURE,
                {**FEATURE, "geometry": None},
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [0, 0]},
                    "properties": {"objectType": "detection"},
                },
            ],
        },
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_reads_every_kind_of_geojson(tmp_path: Path, document: Any, packed: bool) -> None:
    content = json.dumps(document).encode()
    path = tmp_path / ("a.geojson.gz" if packed else "a.geojson")
    path.write_bytes(gzip.compress(content) if packed else content)
    mask = load_mask(path, slide(32, 40), COARSE).mask
    expected = np.zeros((4, 5), np.bool_)
    expected[1:3, 1:3] = True
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"type": "FeatureCollection"}', "no list"),
        (b"[" * 50 + b"]" * 50, "nested"),
        (b"7", "holds a int"),
        (b'{"type": "LineString", "coordinates": [[0, 0], [1, 1]]}', "LineString"),
        (b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}', "broken Polygon"),
        (b'{"type": "Polygon", "coordinates": "x"}', "broken Polygon"),
        (b'{"type": "Polygon"}', "broken Polygon"),
        (
            b'{"type": "Polygon", "coordinates": [[[900, 0], [990, 0], [990, 90], [900, 0]]]}',
            "level-0",
        ),
        (b"\x1f\x8bnonsense", "cannot be read"),
    ],
)
def test_bad_geojson_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.geojson"
    path.write_bytes(content)
    with pytest.raises(TissueMaskUnusable, match=says) as caught:
        load_mask(path, slide(32, 40))
    assert str(path) in str(caught.value)


def save(path: Path, pixels: np.ndarray, mode: str | None = None) -> Path:
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)
    return path


@pytest.mark.parametrize("mode", [None, "1", "RGB", "RGBA", "P", "I;16"])
def test_reads_every_kind_of_png(tmp_path: Path, mode: str | None) -> None:
    bits = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)
    path = tmp_path / "mask.PNG"
    if mode == "I;16":
        save(path, bits.astype(np.uint16) * 3)
    else:
        save(path, bits, mode)
    tissue = load_mask(path, slide(200, 300))
    assert np.array_equal(tissue.mask, bits > 0)
    assert tissue.scale == (100.0, 100.0)


def test_values_of_one_and_transparency_count(tmp_path: Path) -> None:
    ones = save(tmp_path / "ones.png", np.array([[0, 1]], np.uint8))
    assert load_mask(ones, slide(10, 20)).mask.tolist() == [[False, True]]
    rgba = np.array([[[200, 9, 9, 0], [200, 9, 9, 255]]], np.uint8)
    clear = save(tmp_path / "clear.png", rgba)
    assert load_mask(clear, slide(10, 20)).mask.tolist() == [[False, True]]


def test_one_value_is_all_or_nothing(tmp_path: Path) -> None:
    for value in (0, 255):
        path = save(tmp_path / f"{value}.png", np.full((2, 3), value, np.uint8))
        assert load_mask(path, slide(200, 300)).mask.all() == bool(value)


@pytest.mark.parametrize(("height", "width"), [(100, 151), (101, 150), (1000, 1509)])
def test_accepts_proportions_within_a_percent(tmp_path: Path, height: int, width: int) -> None:
    path = save(tmp_path / "m.png", np.full((height, width), 255, np.uint8))
    assert load_mask(path, slide(2000, 3000)).fraction == pytest.approx(1.0)


def test_refuses_other_proportions(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", np.full((100, 155), 255, np.uint8))
    with pytest.raises(TissueMaskUnusable, match=r"m\.png is 155 × 100 px"):
        load_mask(path, slide(2000, 3000))


def test_refuses_a_picture(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", np.arange(6, dtype=np.uint8).reshape(2, 3))
    with pytest.raises(TissueMaskUnusable, match="6 shades"):
        load_mask(path, slide(200, 300))


def huge() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000)


def cut() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64), np.uint8)).save(
        stream, "PNG"
    )
    return stream.getvalue()[:400]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a PNG"),
        (b"GIF89a" + bytes(50), "not a PNG"),
        (huge(), "smaller"),
        (cut(), "broken PNG"),
    ],
)
def test_bad_png_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(TissueMaskUnusable, match=says):
        load_mask(path, slide(200, 300))


@pytest.mark.parametrize("name", ["absent.png", "absent.geojson", "mask.tif", "mask"])
def test_missing_and_unknown_files_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TissueMaskUnusable, match=name):
        load_mask(tmp_path / name, slide(10, 10))
