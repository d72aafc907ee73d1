"""A whole slide as one picture, in bounded memory beside the picture itself."""

from slideloom.arrays import UInt8
from slideloom.errors import ParametersUnusable
from slideloom.slides.base import Slide
from slideloom.slides.grid_reader import GridReader


def read_whole(slide: Slide, mpp: float) -> tuple[UInt8, tuple[float, float]]:
    """The whole slide at `mpp` µm per pixel.

    Returns:
        (h, w, 3) uint8 RGB, and (sx, sy): level-0 pixels per pixel of the picture, whose pixel
        (i, j) covers the level-0 rectangle [i·sx, (i+1)·sx) × [j·sy, (j+1)·sy).

    Raises:
        SlideUnreadable: The file breaks somewhere.
    """
    reader = GridReader(slide, mpp)
    return reader.read(0, 0, reader.width_px, reader.height_px), reader.scale


def thumbnail(slide: Slide, max_side_px: int) -> tuple[UInt8, tuple[float, float]]:
    """The whole slide, its longer side at most `max_side_px`, true to proportion, never enlarged.

    Returns:
        As `read_whole`.

    Raises:
        ParametersUnusable: `max_side_px` is below one.
        SlideUnreadable: The file breaks somewhere.
    """
    if max_side_px < 1:
        raise ParametersUnusable(f"a thumbnail of {max_side_px} px is empty")
    longer_um = max(slide.width_px * slide.mpp.x, slide.height_px * slide.mpp.y)
    finest = max(slide.mpp.x, slide.mpp.y)
    return read_whole(slide, max(longer_um / max_side_px, finest))
