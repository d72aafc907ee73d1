from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openslide import OpenSlide

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides import GridReader, open_slide
from slideloom.slides.base import PixelSize
from slideloom.slides.openslide_reader import OpenSlideSlide
from tests.unit.slides.fakes import PER_CM, break_tile, picture, truncated_levels, write_svs

BASE = picture(1003, 777)
HALF = PixelSize(0.5, 0.5, "user")


def slow(path: Path) -> OpenSlideSlide:
    """The slide read through OpenSlide alone."""
    return OpenSlideSlide(path, OpenSlide(path), HALF, fast=False)


def fast(path: Path) -> OpenSlideSlide:
    """The slide as it is opened by default."""
    slide = open_slide(path, 0.5)
    if not isinstance(slide, OpenSlideSlide):
        raise TypeError(slide.format)
    return slide


def whole(slide: OpenSlideSlide, level: int = 0) -> UInt8:
    size = slide.levels[level]
    return slide.read(level, 0, 0, size.width_px, size.height_px)


@pytest.fixture(scope="module")
def pyramid_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1003 × 777 px with a quarter of 250 × 194: 4.0086 by OpenSlide's reckoning."""
    path = tmp_path_factory.mktemp("slides") / "pyramid.svs"
    write_svs(path, BASE)
    return path


def test_the_sample_slide(sample_path: Path) -> None:
    with open_slide(sample_path) as slide:
        assert (slide.format, slide.width_px, slide.height_px) == ("aperio", 2220, 2967)
        assert (slide.mpp.x, slide.mpp.source) == (0.499, "metadata")
        assert len(slide.levels) == 1


def test_decoding_directly_equals_openslide_on_the_sample_slide(sample_path: Path) -> None:
    direct = fast(sample_path)
    assert direct.fast_levels == (0,)
    assert np.array_equal(whole(direct), whole(slow(sample_path)))


def test_decoding_directly_equals_openslide_on_chroma_subsampled_tiles(pyramid_path: Path) -> None:
    direct = fast(pyramid_path)
    assert direct.fast_levels == (0, 1)
    assert np.array_equal(whole(direct), whole(slow(pyramid_path)))
    # At level 1 OpenSlide interpolates by its fractional downsample everywhere but at the origin.
    close = np.abs(whole(direct, 1).astype(int) - whole(slow(pyramid_path), 1))
    assert close[:200, :200].mean() < 2


def test_levels_have_their_true_scale(pyramid_path: Path) -> None:
    level = slow(pyramid_path).levels[1]
    assert OpenSlide(pyramid_path).level_downsamples[1] == pytest.approx(4.0086, abs=1e-4)
    assert (level.width_px, level.downsample_x, level.downsample_y) == (250, 4.0, 4.0)


@pytest.mark.parametrize("way", [slow, fast])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 1), st.integers(-9, 999), st.integers(-9, 770), st.integers(1, 300))
def test_a_pixel_does_not_depend_on_the_rectangle(
    way: type, pyramid_path: Path, level: int, x: int, y: int, side: int
) -> None:
    with way(pyramid_path) as slide:
        padded = np.pad(whole(slide, level), ((9, 1300), (9, 1300), (0, 0)), constant_values=255)
        part = slide.read(level, x, y, side, side // 2)
    assert np.array_equal(part, padded[y + 9 : y + 9 + side // 2, x + 9 : x + 9 + side])


@pytest.mark.parametrize("mpp", [0.35, 0.501, 1.0, 1.95, 2.0, 3.0])
def test_the_grid_reads_the_same_from_many_threads_as_from_one(
    pyramid_path: Path, mpp: float
) -> None:
    one = GridReader(slow(pyramid_path), mpp)
    expected = one.read(0, 0, one.width_px, one.height_px)
    many = GridReader(slow(pyramid_path), mpp)
    places = [(x, y) for y in range(0, many.height_px, 90) for x in range(0, many.width_px, 110)]
    with ThreadPoolExecutor(4) as pool:
        tiles = list(pool.map(lambda place: many.read(place[0], place[1], 130, 130), places))
    padded = np.pad(expected, ((0, 130), (0, 130), (0, 0)), constant_values=255)
    for (x, y), tile in zip(places, tiles, strict=True):
        assert np.array_equal(tile, padded[y : y + 130, x : x + 130])


@pytest.mark.parametrize("way", [slow, fast])
def test_a_broken_tile_is_told_of_and_the_others_stay_readable(tmp_path: Path, way: type) -> None:
    path = tmp_path / "broken.svs"
    write_svs(path, BASE)
    break_tile(path, 0, 4)  # fifth of five in the first row: x from 960
    slide = way(path)
    for _ in range(2):
        with pytest.raises(SlideUnreadable, match=r"broken\.svs is damaged.*level 0 at.*pixel \("):
            slide.read(0, 970, 10, 5, 5)
        assert slide.read(0, 10, 500, 5, 5).shape == (5, 5, 3)
        assert slide.read(1, 10, 10, 5, 5).shape == (5, 5, 3)


def test_a_slide_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.svs"
    write_svs(path, BASE)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(SlideUnreadable, match=r"cut\.svs is a damaged or incomplete aperio slide"):
        open_slide(path)


def test_a_tiled_tiff_with_levels_as_pages(tmp_path: Path) -> None:
    levels = truncated_levels(BASE, (1, 2, 4))
    with tifffile.TiffWriter(tmp_path / "pages.tif") as tiff:
        for index, level in enumerate(levels):
            tiff.write(level, tile=(256, 256), subfiletype=min(index, 1), metadata=None, **PER_CM)
    with open_slide(tmp_path / "pages.tif") as slide:
        assert [level.downsample_x for level in slide.levels] == [1.0, 2.0, 4.0]
        assert slide.mpp.x == 0.5
        assert np.array_equal(slide.read(0, 0, 0, 1003, 777), BASE)


def test_tiles_that_were_left_out_are_white(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    tifffile.imwrite(path, BASE, tile=(256, 256), compression="jpeg", metadata=None, **PER_CM)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for code in (324, 325):
            tag = tiff.pages[0].aspage().tags[code]
            tag.overwrite((0, *tag.value[1:]))
    slide = fast(path)
    assert slide.fast_levels == ()
    assert (slide.read(0, 0, 0, 256, 256) == 255).all()
    assert slide.read(0, 256, 0, 256, 256).std() > 10
