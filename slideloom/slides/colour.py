"""From the samples that a file stores to RGB over white."""

import numpy as np
from PIL import Image

from slideloom.arrays import UInt8


def grey_to_rgb(samples: UInt8) -> UInt8:
    """(h, w, 1) to (h, w, 3)."""
    return np.repeat(samples[..., :1], 3, axis=2)


def over_white(colour: UInt8, alpha: UInt8) -> UInt8:
    """Colour composited on white, rounded to nearest.

    Args:
        colour: (h, w, 3) uint8, not premultiplied.
        alpha: (h, w, 1) uint8, 255 opaque.
    """
    cover = alpha.astype(np.uint16)
    mixed = (colour * cover + 255 * (255 - cover) + 127) // 255
    return mixed.astype(np.uint8)


def premultiplied_over_white(colour: UInt8, alpha: UInt8) -> UInt8:
    """As `over_white`, for colour that was multiplied by alpha already."""
    mixed = colour.astype(np.uint16) + (255 - alpha.astype(np.uint16))
    bounded: UInt8 = np.minimum(mixed, 255).astype(np.uint8)
    return bounded


def rgba_image_over_white(image: Image.Image) -> UInt8:
    """A Pillow RGBA picture composited on white: (h, w, 3) uint8, writable."""
    alpha = image.getchannel("A")
    # Pillow's own conversion is five times faster than slicing the array.
    colour: UInt8 = np.array(image.convert("RGB"), dtype=np.uint8)
    if alpha.getextrema()[0] == 255:
        return colour
    return over_white(colour, np.asarray(alpha, dtype=np.uint8)[..., None])
