from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideloom.errors import PixelSizeUnknown
from slideloom.slides.levels import axis_downsample, pyramid
from slideloom.slides.pixel_size import from_dpi, number, resolve, um_per_unit
from slideloom.slides.tiff_reader import ome_mpp

SLIDE = Path("a.svs")


def test_the_users_pixel_size_wins_for_both_axes() -> None:
    size = resolve(SLIDE, (0.25, 0.26), 0.5)
    assert (size.x, size.y, size.source) == (0.5, 0.5, "user")
    assert size.said == (0.25, 0.26)


def test_the_files_pixel_size_is_taken_by_axis() -> None:
    size = resolve(SLIDE, (0.25, 0.26), None)
    assert (size.x, size.y, size.source) == (0.25, 0.26, "metadata")


@pytest.mark.parametrize("found", [(None, None), (0.25, None), (None, 0.25)])
def test_without_a_pixel_size_the_error_says_what_to_pass(
    found: tuple[float | None, float | None],
) -> None:
    with pytest.raises(PixelSizeUnknown, match=r"a\.svs does not say .* --mpp"):
        resolve(SLIDE, found, None)


ABSURD = [0.0, -0.25, 0.019, 20.1, 352.778, float("nan"), float("inf")]


@pytest.mark.parametrize("mpp", ABSURD)
def test_an_absurd_pixel_size_in_the_file_is_refused_with_its_figure(mpp: float) -> None:
    with pytest.raises(PixelSizeUnknown, match=rf"{mpp:g} × 0\.5 µm.*--mpp"):
        resolve(SLIDE, (mpp, 0.5), None)
    size = resolve(SLIDE, (mpp, 0.5), 0.25)
    assert (size.x, size.said) == (0.25, None)


@pytest.mark.parametrize("mpp", ABSURD)
def test_an_absurd_pixel_size_from_the_user_is_refused_with_its_figure(mpp: float) -> None:
    with pytest.raises(PixelSizeUnknown, match=rf"{mpp:g} µm for a\.svs.*0\.02 and 20"):
        resolve(SLIDE, (0.25, 0.25), mpp)


@pytest.mark.parametrize("mpp", [0.02, 20.0])
def test_the_bounds_themselves_are_accepted(mpp: float) -> None:
    size = resolve(SLIDE, (None, None), mpp)
    assert (size.x, size.said) == (mpp, None)


def test_dots_per_inch_count_where_a_microscope_could_have_them() -> None:
    assert from_dpi((50_800.0, 101_600.0)) == (0.5, 0.25)
    for dpi in (None, (72, 72), (0, 0), (96.0, 50_800.0), "72"):
        assert from_dpi(dpi) == (None, None)


@pytest.mark.parametrize(
    ("unit", "um"), [("µm", 1.0), ("μm", 1.0), ("NM", 0.001), (" mm ", 1000.0), ("pixel", None)]
)
def test_units_of_length(unit: str, um: float | None) -> None:
    assert um_per_unit(unit) == um


def test_numbers_in_metadata() -> None:
    assert number(" 0.25 ") == 0.25
    assert number("0,25") is None
    assert number(None) is None


def test_ome_xml_without_a_size_says_nothing() -> None:
    assert ome_mpp('<OME><Image><Pixels SizeX="3"/></Image></OME>') == (None, None)
    assert ome_mpp("<OME/>") == (None, None)


def test_ome_xml_units() -> None:
    xml = (
        '<OME xmlns="x"><Image><Pixels PhysicalSizeX="250" PhysicalSizeXUnit="nm" '
        'PhysicalSizeY="0.5"/></Image></OME>'
    )
    assert ome_mpp(xml) == (0.25, 0.5)


@given(st.integers(100, 300_000), st.sampled_from([2, 4, 8, 16, 32]))
def test_cut_levels_have_whole_downsamples(size: int, factor: int) -> None:
    for level_px in (size // factor, -(-size // factor), round(size / factor)):
        if level_px > 4 * factor:  # in smaller ones two factors may fit
            assert axis_downsample(size, level_px) == factor


def test_a_downsample_that_is_no_whole_number_is_kept_by_axis() -> None:
    base, level = pyramid([(10_000, 9_000), (4_000, 4_500)])
    assert (base.downsample_x, base.downsample_y) == (1.0, 1.0)
    assert (level.downsample_x, level.downsample_y) == (2.5, 2.0)
