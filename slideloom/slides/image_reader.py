"""Plain images through Pillow: PNG, JPEG, BMP, WebP."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides.array_slide import ArraySlide, check_decodable_whole
from slideloom.slides.colour import rgba_image_over_white
from slideloom.slides.pixel_size import from_dpi, resolve

_BROKEN = (OSError, SyntaxError, ValueError, IndexError, TypeError, struct.error)
"""What Pillow's readers raise on files that are not what they begin like."""

_PNG_DEPTH_AT = 24

Opener = Callable[[Path], ImageFile.ImageFile]

# The readers are called by name: Image.open guards against huge images by a setting of the whole
# process, and ours is another bound.
_READERS: dict[str, Opener] = {
    "png": PngImageFile,
    "jpeg": JpegImageFile,
    "bmp": BmpImageFile,
    "webp": WebPImageFile,
}


def image_kind(head: bytes) -> str | None:
    """Which plain image format a file's first 16 bytes announce."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"BM"):
        return "bmp"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return None


def open_image(path: Path, kind: str, user_mpp: float | None) -> ArraySlide:
    """Decode a plain image whole.

    Transparent parts become white. EXIF orientation is not applied: coordinates are those of the
    stored pixels. Colours are the file's own, no ICC profile is applied.

    Raises:
        SlideUnreadable: Broken, too large, or not 8-bit grey, RGB, RGBA or palette.
        PixelSizeUnknown: Neither the file's density nor `user_mpp` gives a pixel size.
    """
    try:
        with _READERS[kind](path) as image:
            check_decodable_whole(path, *image.size)
            _check_samples(path, kind, image.mode)
            mpp = resolve(path, from_dpi(image.info.get("dpi")), user_mpp)
            return ArraySlide(path, "image", mpp, _to_rgb(image))
    except _BROKEN as error:
        raise SlideUnreadable(
            f"{path} is a damaged {kind.upper()} image ({error}): copy or export it again"
        ) from error


def _check_samples(path: Path, kind: str, mode: str) -> None:
    deep = False
    if kind == "png":
        with path.open("rb") as file:  # Pillow cuts 16-bit RGB to 8 bits without a word
            deep = file.read(_PNG_DEPTH_AT + 1)[_PNG_DEPTH_AT] > 8
    if deep or mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        what = "16-bit samples" if deep else f"colour mode {mode}"
        raise SlideUnreadable(
            f"{path} has {what}, but only 8-bit grey, RGB or RGBA images are supported: "
            "convert it to 8-bit RGB"
        )


def _to_rgb(image: ImageFile.ImageFile) -> UInt8:
    """(h, w, 3) uint8, transparent parts white."""
    see_through = "A" in image.getbands() or "transparency" in image.info
    if see_through:
        return rgba_image_over_white(image.convert("RGBA"))
    plain: Image.Image = image.convert("RGB")
    return np.array(plain, dtype=np.uint8)
