"""JPEG tiles of TIFF slides decoded without OpenSlide: the same pixels several times sooner.

OpenSlide draws each tile through cairo into premultiplied ARGB, which costs more than decoding it.
"""

from pathlib import Path

import numpy as np
from openslide import OpenSlide, OpenSlideError
from tifffile import COMPRESSION, TiffFile, TiffPage

from slideloom.errors import SlideUnreadable
from slideloom.slides.openslide_pixels import read_rgb
from slideloom.slides.tiff_plane import TiffPlane
from slideloom.slides.tiff_reader import PARSING_ERRORS, DescriptorOf

_VENDORS = ("aperio", "generic-tiff")
_PROBE_PX = 256


def fast_planes(path: Path, handle: OpenSlide, file: DescriptorOf) -> dict[int, TiffPlane]:
    """Levels whose tiles can be decoded directly, with pixels that equal OpenSlide's.

    A level is taken where it is one image of JPEG tiles, none left out, and where some regions
    read both ways are equal to the last bit. Empty for other formats.
    """
    if handle.properties.get("openslide.vendor") not in _VENDORS:
        return {}
    try:
        with TiffFile(path) as tiff:
            pages = [page.aspage() for page in tiff.pages]
            found = {
                level: plane
                for level, size in enumerate(handle.level_dimensions)
                if (plane := _plane(path, pages, size, level)) is not None
            }
    except (*PARSING_ERRORS, SlideUnreadable):
        return {}  # OpenSlide opened the file, and goes on reading it
    return {level: plane for level, plane in found.items() if _agrees(plane, handle, level, file)}


def _plane(
    path: Path, pages: list[TiffPage], size: tuple[int, int], level: int
) -> TiffPlane | None:
    """The one JPEG-tiled image of this size, if there is exactly one."""
    fitting = [page for page in pages if (page.imagewidth, page.imagelength) == size]
    if len(fitting) != 1 or not fitting[0].is_tiled or fitting[0].compression != COMPRESSION.JPEG:
        return None
    plane = TiffPlane(path, fitting[0], level)
    return plane if plane.has_small_segments and not plane.is_sparse else None


def _agrees(plane: TiffPlane, handle: OpenSlide, level: int, file: DescriptorOf) -> bool:
    """Whether both ways give the same pixels in the first tile, the middle and the last tile.

    False where either cannot read them: the slide opens, and tells of the damage when it is read.

    Where the level's downsample is fractional OpenSlide interpolates everywhere but at the origin,
    so that only the first tile can be compared.
    """
    width, height = plane.segment_px
    columns, rows = -(-plane.width_px // width), -(-plane.height_px // height)
    tiles = [(0, 0)]
    downsample = handle.level_downsamples[level]
    if downsample.is_integer():
        tiles += [(columns // 2, rows // 2), (columns - 1, rows - 1)]
    try:
        return all(
            _equal(plane, handle, level, file, (column * width, row * height))
            for column, row in tiles
        )
    except (OpenSlideError, SlideUnreadable):
        return False


def _equal(
    plane: TiffPlane, handle: OpenSlide, level: int, file: DescriptorOf, corner: tuple[int, int]
) -> bool:
    (x, y), downsample = corner, handle.level_downsamples[level]
    width = min(plane.segment_px[0], _PROBE_PX, plane.width_px - x)
    height = min(plane.segment_px[1], _PROBE_PX, plane.height_px - y)
    location = (round(x * downsample), round(y * downsample))
    theirs = read_rgb(handle, location, level, (width, height))
    return np.array_equal(plane.read(file.fd, x, y, width, height), theirs)
