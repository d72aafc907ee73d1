"""Pictures of one byte a pixel as transparent PNG: small files, quickly made."""

import io
from dataclasses import dataclass

from PIL import Image

from slideloom.arrays import UInt8

_FAST = 1


@dataclass(frozen=True, slots=True)
class Palette:
    """What each of 256 values looks like.

    Attributes:
        rgb: 768 bytes.
        alpha: 256 bytes.
    """

    rgb: bytes
    alpha: bytes


def to_png(values: UInt8, palette: Palette) -> bytes:
    """(h, w) values as PNG."""
    picture = Image.fromarray(values)
    picture.putpalette(palette.rgb)
    made = io.BytesIO()
    picture.save(made, "PNG", transparency=palette.alpha, compress_level=_FAST)
    return made.getvalue()
