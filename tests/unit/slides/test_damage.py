"""Damaged and hostile files are refused in one sentence, whatever the damage."""

from pathlib import Path

import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from slideloom.errors import SlideloomError, SlideUnreadable
from slideloom.slides import open_slide
from tests.unit.slides.fakes import PER_CM, picture, write_svs

BASE = picture(120, 90)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    for suffix in ("png", "jpg", "bmp", "webp"):
        Image.fromarray(BASE).save(folder / f"plain.{suffix}")
    tifffile.imwrite(folder / "raw.tif", BASE, metadata=None, **PER_CM)
    tifffile.imwrite(folder / "lzw.tif", BASE, compression="lzw", metadata=None, **PER_CM)
    tifffile.imwrite(folder / "zstd.tif", BASE, compression="zstd", tile=(32, 32), metadata=None)
    tifffile.imwrite(folder / "a.ome.tif", BASE, compression="jpeg", tile=(32, 32), ome=True)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.integers(0, 7),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.one_of(st.none(), st.integers(1, 5000)),
)
def test_changed_and_missing_bytes_end_in_pixels_or_in_our_own_error(
    originals: dict[str, bytes],
    tmp_path: Path,
    which: int,
    changes: list[tuple[int, int]],
    keep: int | None,
) -> None:
    name = sorted(originals)[which]
    content = bytearray(originals[name][:keep])
    for place, value in changes:
        content[place % len(content)] = value
    (tmp_path / name).write_bytes(content)
    try:
        with open_slide(tmp_path / name, 0.5) as slide:
            width, height = min(slide.width_px, 300), min(slide.height_px, 300)
            assert slide.read(0, 0, 0, width, height).shape == (height, width, 3)
    except SlideloomError as error:
        told = str(error)
    else:
        told = name
    assert name in told


def overwrite(path: Path, tags: dict[int, int]) -> None:
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for code, value in tags.items():
            tiff.pages[0].aspage().tags[code].overwrite(value)


@pytest.mark.parametrize("name", ["huge.svs", "huge.ome.tif"])
def test_tiles_that_fill_the_memory_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("svs"):
        write_svs(path, BASE, factors=(1,))
    else:
        tifffile.imwrite(path, BASE, tile=(32, 32), ome=True)
    overwrite(path, {322: 65_520, 323: 65_520})
    with pytest.raises(SlideUnreadable, match="65520 × 65520 pixels at a time"):
        open_slide(path, 0.5)


def test_an_image_without_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.tif"
    tifffile.imwrite(path, BASE, metadata=None)
    overwrite(path, {256: 0})
    with pytest.raises(SlideUnreadable, match="damaged TIFF file"):
        open_slide(path, 0.5)
