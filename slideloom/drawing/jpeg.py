"""Pictures as bytes: JPEG and PNG, the same bytes for the same pixels."""

import cv2

from slideloom.arrays import UInt8
from slideloom.drawing.resize import resized
from slideloom.errors import ParametersUnusable

QUALITY = 90
_PREVIEW_QUALITIES = (85, 75, 65, 55, 45)
"""Below this, blocks show; a smaller picture looks better."""
_SHRINK = 0.8
_SMALLEST_PX = 16


def to_jpeg(pixels: UInt8, quality: int = QUALITY) -> bytes:
    """JPEG of (h, w, 3) uint8 RGB."""
    _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def to_png(pixels: UInt8) -> bytes:
    """PNG of (h, w, 4) uint8 RGBA, not premultiplied."""
    _, encoded = cv2.imencode(".png", pixels[..., [2, 1, 0, 3]])
    return encoded.tobytes()


def fit(pixels: UInt8, max_side: int) -> UInt8:
    """The picture, its longer side at most `max_side` px; never enlarged."""
    height, width = pixels.shape[:2]
    ratio = max_side / max(height, width)
    if ratio >= 1:
        return pixels
    return resized(pixels, max(1, round(width * ratio)), max(1, round(height * ratio)))


def preview_jpeg(combined: UInt8, max_side: int = 800, max_bytes: int = 60_000) -> bytes:
    """A JPEG small enough to stand inside a markdown document.

    First the quality goes down, then the size.

    Args:
        combined: (h, w, 3) uint8 RGB.
        max_side: Longer side in px, at most.
        max_bytes: Size of the JPEG, at most.

    Raises:
        ParametersUnusable: Not even a tiny picture has so few bytes.
    """
    side = float(max_side)
    while side >= _SMALLEST_PX:
        small = fit(combined, int(side))
        for quality in _PREVIEW_QUALITIES:
            encoded = to_jpeg(small, quality)
            if len(encoded) <= max_bytes:
                return encoded
        side *= _SHRINK
    raise ParametersUnusable(f"no preview of {max_side} px fits into {max_bytes} bytes")
