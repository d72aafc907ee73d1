from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from slideloom.arrays import UInt8
from slideloom.errors import PixelSizeUnknown, SlideUnreadable
from slideloom.slides import open_slide
from slideloom.slides import tiff_plane as module
from slideloom.slides.tiff_reader import TiffSlide
from tests.unit.slides.fakes import PER_CM, break_tile, picture, truncated_levels

BASE = picture(301, 211)
GREY = np.repeat(BASE[..., :1], 3, axis=2)
PLANAR = np.ascontiguousarray(BASE.transpose(2, 0, 1))
SEPARATE: dict[str, Any] = {"photometric": "rgb", "planarconfig": "separate"}


def written(path: Path, samples: Any, **options: Any) -> Path:
    tifffile.imwrite(path, samples, **{"metadata": None, **PER_CM, **options})
    return path


def pixels(path: Path, mpp: float | None = None) -> UInt8:
    with open_slide(path, mpp) as slide:
        return slide.read(0, 0, 0, slide.width_px, slide.height_px)


@pytest.mark.parametrize(
    ("samples", "options"),
    [
        (BASE, {"photometric": "rgb"}),
        (BASE, {"photometric": "rgb", "rowsperstrip": 16}),
        (BASE, {"photometric": "rgb", "compression": "lzw", "rowsperstrip": 7}),
        (BASE, {"photometric": "rgb", "compression": "deflate", "predictor": True}),
        (BASE, {"photometric": "rgb", "compression": "zstd", "tile": (48, 80)}),
        (BASE, {"photometric": "rgb", "tile": (64, 64)}),
        (BASE, {"photometric": "rgb", "bigtiff": True, "byteorder": ">"}),
        (PLANAR, SEPARATE),
        (PLANAR, {**SEPARATE, "compression": "deflate", "rowsperstrip": 50}),
        (PLANAR, {**SEPARATE, "compression": "zstd", "tile": (64, 64)}),
    ],
)
def test_layouts_of_rgb(tmp_path: Path, samples: UInt8, options: dict[str, Any]) -> None:
    path = written(tmp_path / "a.tif", samples, **options)
    assert np.array_equal(pixels(path), BASE)
    with open_slide(path) as slide:
        assert slide.mpp.x == slide.mpp.y == 0.5
        assert np.array_equal(slide.read(0, 99, 51, 100, 77), BASE[51:128, 99:199])
        assert slide.files() == (path,)


@pytest.mark.parametrize("tile", [None, (64, 64)])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_kinds_of_samples(tmp_path: Path, tile: Any, compression: Any) -> None:
    how = {"tile": tile, "compression": compression}
    grey = BASE[..., 0]
    shades = np.stack([np.arange(256, dtype=np.uint16) * 257] * 3)
    kinds: list[tuple[UInt8, Any, dict[str, Any]]] = [
        (GREY, grey, {"photometric": "minisblack"}),
        (GREY, 255 - grey, {"photometric": "miniswhite"}),
        (GREY, grey, {"photometric": "palette", "colormap": shades}),
    ]
    for expected, samples, options in kinds:
        path = written(tmp_path / "a.tif", samples, **how, **options)
        assert np.array_equal(pixels(path), expected), options


def test_one_bit_samples(tmp_path: Path) -> None:
    mask = BASE[..., 0] > 128
    path = written(tmp_path / "a.tif", mask, photometric="minisblack")
    assert np.array_equal(pixels(path), np.where(mask[..., None], 255, 0).repeat(3, axis=2))


@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_transparent_parts_are_white(tmp_path: Path, tile: Any) -> None:
    alpha = np.full((211, 301, 1), 255, dtype=np.uint8)
    alpha[:, :100] = 0
    rgba = np.concatenate([BASE, alpha], axis=2)
    path = written(tmp_path / "a.tif", rgba, photometric="rgb", tile=tile)
    got = pixels(path)
    assert (got[:, :100] == 255).all()
    assert np.array_equal(got[:, 100:], BASE[:, 100:])


@pytest.mark.parametrize("tile", [None, (64, 64)])
@pytest.mark.parametrize(
    ("samples", "photometric", "contiguous", "what"),
    [
        (BASE.astype(np.uint16), "rgb", True, "16-bit integer"),
        (BASE[..., 0].astype(np.uint16), "minisblack", None, "16-bit integer"),
        (BASE.astype(np.float32), "rgb", True, "32-bit floating-point"),
        (np.dstack([BASE, BASE[..., :1]]), "separated", True, "colour space"),
        (np.stack([BASE[..., 0]] * 5), "minisblack", None, "stack of planes"),
        (np.dstack([BASE] * 2), "minisblack", True, "6 channels"),
    ],
)
def test_what_is_no_8_bit_brightfield_image_is_refused(
    tmp_path: Path, samples: Any, photometric: str, contiguous: bool | None, what: str, tile: Any
) -> None:
    layout = {"planarconfig": "contig"} if contiguous else {}
    path = written(tmp_path / "a.tif", samples, photometric=photometric, tile=tile, **layout)
    with pytest.raises(SlideUnreadable, match=f"{what}.*only .*8-bit|{what}.*single brightfield"):
        open_slide(path)


def write_ome(path: Path, tile: Any, **sizes: Any) -> list[UInt8]:
    levels = truncated_levels(BASE, (1, 2, 4))
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(levels[0], subifds=2, tile=tile, metadata={"axes": "YXS", **sizes})
        for level in levels[1:]:
            tiff.write(level, subfiletype=1, tile=tile, metadata=None)
    return levels


@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_an_ome_tiff_has_its_pyramid_and_its_pixel_size(tmp_path: Path, tile: Any) -> None:
    sizes = {"PhysicalSizeX": 0.25, "PhysicalSizeY": 300, "PhysicalSizeYUnit": "nm"}
    levels = write_ome(tmp_path / "a.ome.tif", tile, **sizes)
    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert slide.mpp.x == 0.25
        assert slide.mpp.y == pytest.approx(0.3)
        assert [level.downsample_x for level in slide.levels] == [1.0, 2.0, 4.0]
        for index, expected in enumerate(levels):
            height, width = expected.shape[:2]
            assert np.array_equal(slide.read(index, 0, 0, width, height), expected)


def test_an_ome_tiff_without_a_pixel_size(tmp_path: Path) -> None:
    write_ome(tmp_path / "a.ome.tif", None)
    with pytest.raises(PixelSizeUnknown, match=r"does not say.*--mpp"):
        open_slide(tmp_path / "a.ome.tif")


def test_imagejs_unit(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", BASE, imagej=True, resolution=(4, 2), metadata={"unit": "um"}
    )
    mpp = open_slide(tmp_path / "a.tif").mpp
    assert (mpp.x, mpp.y) == (0.25, 0.5)


@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_a_printers_resolution_is_refused_with_its_figure(tmp_path: Path, tile: Any) -> None:
    path = written(tmp_path / "a.tif", BASE, tile=tile, resolution=(72, 72), resolutionunit="INCH")
    with pytest.raises(PixelSizeUnknown, match=r"352\.778 × 352\.778 µm"):
        open_slide(path)


@pytest.mark.parametrize("options", [{}, {"compression": "lzw", "rowsperstrip": 16}])
def test_a_file_cut_short_is_told_of_where_it_is_read(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = written(tmp_path / "a.tif", BASE, photometric="rgb", **options)
    path.write_bytes(path.read_bytes()[:-2000])
    slide = open_slide(path)
    with pytest.raises(SlideUnreadable, match=r"a\.tif is damaged.*level 0.*pixel \(0, "):
        slide.read(0, 0, 0, 301, 211)


def test_one_broken_tile_leaves_the_others_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, BASE, tile=(256, 256), compression="zstd", ome=True)
    break_tile(path, 0, 1)
    slide = open_slide(path, 0.5)
    assert np.array_equal(slide.read(0, 0, 0, 256, 211), BASE[:, :256])
    for _ in range(2):
        with pytest.raises(SlideUnreadable, match=r"level 0 at that level's pixel \(256, 0\)"):
            slide.read(0, 256, 0, 10, 10)


def test_one_large_strip_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.tif", BASE, compression="deflate", rowsperstrip=211)
    assert isinstance(open_slide(path), TiffSlide)
    monkeypatch.setattr(module, "_SMALL_SEGMENT_PX", 1000)
    slide = open_slide(path)
    assert not isinstance(slide, TiffSlide)
    assert np.array_equal(slide.read(0, 0, 0, 301, 211), BASE)
