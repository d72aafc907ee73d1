import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.errors import ParametersUnusable
from slideloom.slides import GridReader, read_whole, thumbnail
from slideloom.slides import grid_reader as module
from tests.unit.slides.fakes import ArrayPyramid, picture, truncated_levels

BASE = picture(411, 307)
SLIDE = ArrayPyramid(truncated_levels(BASE, (1, 2, 8)))
"""411 × 307 → 205 × 153 → 51 × 38: every level cut, none an exact fraction."""

SCALES = [0.7, 1.0, 1.002, 1.5, 2.0, 3.9, 8.0, 11.0]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SCALES),
    st.integers(-20, 420),
    st.integers(-20, 320),
    st.integers(0, 90),
    st.integers(0, 90),
)
def test_a_pixel_does_not_depend_on_the_rectangle(
    scale: float, x: int, y: int, width: int, height: int
) -> None:
    reader = GridReader(SLIDE, 0.5 * scale)
    whole = reader.read(-20, -20, 600, 480)
    part = reader.read(x, y, width, height)
    padded = np.pad(whole, ((0, 450), (0, 450), (0, 0)), constant_values=255)
    assert np.array_equal(part, padded[y + 20 : y + 20 + height, x + 20 : x + 20 + width])


@pytest.mark.parametrize("scale", SCALES)
def test_reading_in_small_pieces_changes_nothing(
    scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = GridReader(SLIDE, 0.5 * scale)
    whole = reader.read(0, 0, reader.width_px, reader.height_px)
    monkeypatch.setattr(module, "_CHUNK_PX", 3000)
    monkeypatch.setattr(module, "_CHUNK_SIDE_PX", 50)
    assert np.array_equal(reader.read(0, 0, reader.width_px, reader.height_px), whole)


def test_at_the_slides_own_size_pixels_are_untouched() -> None:
    reader = GridReader(SLIDE, 0.5)
    assert (reader.width_px, reader.height_px) == (411, 307)
    assert np.array_equal(reader.read(0, 0, 411, 307), BASE)


def test_at_a_levels_size_its_pixels_are_untouched_and_its_edge_is_repeated() -> None:
    reader = GridReader(SLIDE, 1.0)
    pixels = reader.read(0, 0, reader.width_px, reader.height_px)
    assert (reader.level, reader.width_px, reader.height_px) == (1, 206, 154)
    assert np.array_equal(pixels[:153, :205], BASE[:306:2, :410:2])
    assert np.array_equal(pixels[:, 205], pixels[:, 204])
    assert np.array_equal(pixels[153], pixels[152])


@pytest.mark.parametrize(
    ("mpp", "level"),
    [(0.1, 0), (0.5, 0), (0.999, 0), (1.0, 1), (1.0 - 1e-8, 1), (3.9, 1), (4.0, 2), (40.0, 2)],
)
def test_reads_the_nearest_finer_level(mpp: float, level: int) -> None:
    assert GridReader(SLIDE, mpp).level == level


LEAST_PX = 0.02
"""Level-0 px: outlines are rounded to hundredths, and two of them stay apart."""


def check_cover(count: int, scale: float, size_px: int) -> None:
    """The last model pixel covers enough of the slide, and what is left of it is less."""
    assert count >= 1
    assert count * scale >= size_px - LEAST_PX - 1e-6
    assert count == 1 or size_px - (count - 1) * scale >= min(LEAST_PX, scale) - 1e-6


@given(st.floats(0.05, 300.0))
def test_the_grid_covers_the_slide_without_an_empty_last_pixel(mpp: float) -> None:
    reader = GridReader(SLIDE, mpp)
    check_cover(reader.width_px, reader.scale[0], 411)
    check_cover(reader.height_px, reader.scale[1], 307)


@settings(max_examples=500)
@given(st.integers(1, 300_000), st.floats(0.05, 20.0), st.floats(0.05, 20.0))
def test_no_last_pixel_is_a_sliver(size_px: int, slide_mpp: float, model_mpp: float) -> None:
    scale = model_mpp / slide_mpp
    check_cover(module._cover(size_px, scale), scale, size_px)


@settings(max_examples=500)
@given(st.integers(1, 3000), st.floats(0.05, 20.0), st.floats(-0.1, 0.1))
def test_no_last_pixel_is_a_sliver_near_a_whole_number(
    count: int, scale: float, beyond_px: float
) -> None:
    size_px = max(round(count * scale), 1)
    near = max((size_px - beyond_px) / count, 1e-3)
    check_cover(module._cover(size_px, near), near, size_px)


def test_a_column_that_rounding_would_flatten_is_not_made() -> None:
    slide = ArrayPyramid([np.zeros((1389, 1389, 3), np.uint8)], mpp=0.2527)
    reader = GridReader(slide, 0.5)
    last = (reader.width_px - 1) * reader.scale[0]
    assert (reader.width_px, reader.height_px) == (702, 702)
    assert round(last, 2) < 1389
    assert reader.read(695, 695, 7, 7).shape == (7, 7, 3)
    assert (reader.read(702, 0, 1, 1) == 255).all()


def test_outside_the_grid_is_white() -> None:
    reader = GridReader(SLIDE, 0.7)
    assert (reader.read(-50, -50, 50, 50) == 255).all()
    assert (reader.read(reader.width_px, 0, 9, 9) == 255).all()


def test_each_axis_has_its_own_scale() -> None:
    slide = ArrayPyramid([BASE])
    slide.mpp = type(slide.mpp)(0.25, 0.5, "metadata")
    reader = GridReader(slide, 0.5)
    assert reader.scale == (2.0, 1.0)
    assert (reader.width_px, reader.height_px) == (206, 307)


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), float("inf")])
def test_refuses_a_pixel_size_that_is_none(mpp: float) -> None:
    with pytest.raises(ParametersUnusable, match="µm per pixel"):
        GridReader(SLIDE, mpp)


def test_refuses_a_negative_size() -> None:
    with pytest.raises(ParametersUnusable, match="-1"):
        GridReader(SLIDE, 0.5).read(0, 0, -1, 5)


@pytest.mark.parametrize("side", [1, 7, 100, 411])
def test_a_thumbnail_has_the_side_that_was_asked_for(side: int) -> None:
    pixels, (sx, sy) = thumbnail(SLIDE, side)
    assert max(pixels.shape[:2]) == side
    assert sx == sy == pytest.approx(411 / side)
    assert abs(pixels.mean() - BASE.mean()) < 4


def test_a_thumbnail_is_never_enlarged() -> None:
    pixels, scale = thumbnail(SLIDE, 5000)
    assert np.array_equal(pixels, BASE)
    assert scale == (1.0, 1.0)


def test_an_empty_thumbnail_is_refused() -> None:
    with pytest.raises(ParametersUnusable, match="0 px"):
        thumbnail(SLIDE, 0)


def test_the_whole_slide_is_what_the_reader_gives() -> None:
    pixels, scale = read_whole(SLIDE, 0.9)
    reader = GridReader(SLIDE, 0.9)
    assert scale == reader.scale
    assert np.array_equal(pixels, reader.read(0, 0, reader.width_px, reader.height_px))
