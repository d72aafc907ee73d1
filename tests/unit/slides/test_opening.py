from pathlib import Path

import numpy as np
import openslide
import pytest
from PIL import Image

from slideloom.errors import PixelSizeUnknown, SlideUnreadable
from slideloom.slides import array_slide as limits
from slideloom.slides import open_slide
from tests.unit.slides.fakes import picture, write_svs

BASE = picture(90, 70)


def refusal(path: Path, mpp: float | None = 0.5) -> str:
    with pytest.raises(SlideUnreadable) as caught:
        open_slide(path, mpp)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.svs")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder: name the file in it" in refusal(tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.svs"
    path.touch()
    assert "0 bytes" in refusal(path)


def test_a_text_that_is_called_a_slide(tmp_path: Path) -> None:
    path = tmp_path / "text.svs"
    path.write_text("this is no slide\n" * 50)
    assert "no image that we know: give a slide" in refusal(path)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(SlideUnreadable, match="cannot open"):
        open_slide("a\0b.svs")


def test_a_slide_cut_short_in_its_headers(tmp_path: Path) -> None:
    path = tmp_path / "cut.svs"
    write_svs(path, picture(600, 500))
    path.write_bytes(path.read_bytes()[:300])
    assert "damaged" in refusal(path)


def test_a_mirax_slide_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.mrxs"
    Image.fromarray(BASE).save(path, "JPEG")
    assert "put the folder a, with Slidedat.ini" in refusal(path)


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp"])
def test_plain_images(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plain.{suffix}"
    Image.fromarray(BASE).save(path, lossless=True)
    with open_slide(path, 0.5) as slide:
        assert (slide.format, slide.width_px, slide.height_px) == ("image", 90, 70)
        assert np.array_equal(slide.read(0, 0, 0, 90, 70), BASE)
        assert slide.files() == (path,)


def test_a_jpeg_is_not_turned_by_its_orientation(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(BASE).save(path, quality=95, exif=exif)
    slide = open_slide(path, 0.5)
    assert (slide.width_px, slide.height_px) == (90, 70)
    assert np.array_equal(slide.read(0, 0, 0, 90, 70), np.asarray(Image.open(path)))


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA"])
def test_colour_modes_of_plain_images(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(BASE).convert(mode)
    image.save(tmp_path / "mode.png")
    slide = open_slide(tmp_path / "mode.png", 0.5)
    assert np.array_equal(slide.read(0, 0, 0, 90, 70), np.asarray(image.convert("RGB")))


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    alpha = np.zeros((70, 90, 1), dtype=np.uint8)
    alpha[:, 30:60], alpha[:, 60:] = 128, 255
    Image.fromarray(np.concatenate([BASE, alpha], axis=2)).save(tmp_path / "alpha.png")
    pixels = open_slide(tmp_path / "alpha.png", 0.5).read(0, 0, 0, 90, 70)
    assert (pixels[:, :30] == 255).all()
    half = BASE[:, 30:60] * (128 / 255) + 255 * (127 / 255)
    assert np.abs(pixels[:, 30:60] - half).max() <= 0.51
    assert np.array_equal(pixels[:, 60:], BASE[:, 60:])


def test_a_16_bit_png_is_refused(tmp_path: Path) -> None:
    Image.fromarray(BASE[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    message = refusal(tmp_path / "deep.png")
    assert "16-bit samples, but only 8-bit grey, RGB or RGBA" in message


def test_a_cmyk_jpeg_is_refused(tmp_path: Path) -> None:
    Image.fromarray(BASE).convert("CMYK").save(tmp_path / "print.jpg")
    assert "colour mode CMYK" in refusal(tmp_path / "print.jpg")


@pytest.mark.parametrize("keep", [20, 60, 0.5])
def test_a_damaged_plain_image(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(BASE).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if isinstance(keep, int) else int(len(whole) * keep)])
    assert "damaged PNG image" in refusal(path)


def test_a_plain_image_too_large_to_decode_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(BASE).save(tmp_path / "big.png")
    monkeypatch.setattr(limits, "MAX_WHOLE_PX", 6_000)
    assert "save it as a tiled TIFF" in refusal(tmp_path / "big.png")


def test_a_density_that_no_microscope_has_counts_as_none(tmp_path: Path) -> None:
    Image.fromarray(BASE).save(tmp_path / "web.png", dpi=(72, 72))
    with pytest.raises(PixelSizeUnknown, match=r"does not say.*--mpp"):
        open_slide(tmp_path / "web.png")


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_a_plausible_density_is_the_pixel_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan.{suffix}"
    Image.fromarray(BASE).save(path, dpi=(50_800, 50_800))
    slide = open_slide(path)
    assert slide.mpp.x == pytest.approx(0.5, rel=1e-4)
    assert slide.mpp.source == "metadata"


def test_a_name_with_an_emoji(tmp_path: Path) -> None:
    for name in ("😐 lame 100%.svs", "häma toxylin.svs"):
        write_svs(tmp_path / name, BASE)
        slide = open_slide(tmp_path / name)
        assert slide.mpp.x == 0.5
        assert np.abs(slide.read(0, 0, 0, 90, 70).astype(int) - BASE).mean() < 8


def test_a_slide_with_an_absurd_pixel_size(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", BASE, mpp="0.0005")
    with pytest.raises(PixelSizeUnknown, match=r"0\.0005 × 0\.0005 µm"):
        open_slide(tmp_path / "a.svs")
    assert open_slide(tmp_path / "a.svs", 0.25).mpp.source == "user"


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    write_svs(tmp_path / "slide.png", BASE)
    assert openslide.OpenSlide.detect_format(tmp_path / "slide.png") == "aperio"
    assert open_slide(tmp_path / "slide.png").format == "aperio"
