"""TIFF and OME-TIFF files that OpenSlide does not read, or not in full."""

import logging
import os
import struct
import weakref
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tifffile import TiffFile, TiffFileError, TiffPage, TiffPageSeries

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides.array_slide import ArraySlide, check_decodable_whole
from slideloom.slides.base import PixelSize, Slide
from slideloom.slides.blocks import BlockedSlide
from slideloom.slides.levels import pyramid
from slideloom.slides.pixel_size import Found, number, resolve, um_per_unit
from slideloom.slides.tiff_plane import TiffPlane

# What tifffile logs about damaged files is raised here; without a handler it would go to stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

PARSING_ERRORS = (
    TiffFileError, ElementTree.ParseError, struct.error, OSError, ValueError, KeyError, IndexError,
    TypeError, AttributeError, RuntimeError, ZeroDivisionError,
)  # fmt: skip
"""What tifffile raises on damaged or invented headers."""

_UM_PER_RESOLUTION_UNIT = {2: 25_400.0, 3: 10_000.0}
"""TIFF 6.0, tag ResolutionUnit: 1 none, 2 inch, 3 centimetre."""


class TiffSlide(BlockedSlide):
    """A TIFF image with or without a pyramid, decoded tile by tile or strip by strip."""

    def __init__(self, path: Path, mpp: PixelSize, planes: list[TiffPlane]) -> None:
        sizes = [(plane.width_px, plane.height_px) for plane in planes]
        super().__init__(path, "tiff", mpp, pyramid(sizes))
        self._planes = planes
        self._file = DescriptorOf(path)

    def block_px(self, level: int) -> tuple[int, int]:
        """See `Slide.block_px`."""
        return self._planes[level].block_px

    def decode_block(self, level: int, column: int, row: int) -> UInt8:
        """See `BlockedSlide.decode_block`."""
        return self._planes[level].read(self._file.fd, *self.block_rect(level, column, row))

    def files(self) -> tuple[Path, ...]:
        """See `Slide.files`."""
        return (self.path,)

    def release(self) -> None:
        """See `BlockedSlide.release`."""
        del self._file


class DescriptorOf:
    """An open file for reads by position, closed when the last reader lets go of it.

    Closing it by hand could close it under a thread that still reads, and hand the number to
    another file.
    """

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self.fd)


def open_tiff(path: Path, user_mpp: float | None) -> Slide:
    """Open the first image of a TIFF file with its pyramid, if it has one (OME SubIFDs).

    Raises:
        SlideUnreadable: Damaged, several planes (z, time, channels), or samples that are not
            8-bit grey, RGB, RGBA or palette.
        PixelSizeUnknown: See `resolve`.
    """
    try:
        with TiffFile(path) as tiff:
            series = tiff.series[0]
            check_single_plane(path, series)
            planes = [
                TiffPlane(path, first_page(level), index)
                for index, level in enumerate(series.levels)
            ]
            found = _metadata_mpp(tiff, first_page(series))
    except PARSING_ERRORS as error:
        raise SlideUnreadable(
            f"{path} is a damaged TIFF file ({error}): copy or export it again"
        ) from error
    mpp = resolve(path, found, user_mpp)
    for plane in planes:
        check_decodable_whole(path, *plane.segment_px)
    if planes[0].has_small_segments:
        return TiffSlide(path, mpp, planes)
    return _decode_whole(path, mpp, planes[0])


def _decode_whole(path: Path, mpp: PixelSize, plane: TiffPlane) -> ArraySlide:
    check_decodable_whole(path, plane.width_px, plane.height_px)
    file = DescriptorOf(path)
    return ArraySlide(path, "tiff", mpp, plane.read(file.fd, 0, 0, plane.width_px, plane.height_px))


def first_page(series: TiffPageSeries) -> TiffPage:
    """The first image of a series, with all its tags."""
    page = series.pages[0]
    if page is None:
        raise ValueError("an image that the file announces is missing")
    return page.aspage()


def check_single_plane(path: Path, series: TiffPageSeries) -> None:
    """Refuse stacks: which plane to take would be a guess.

    Raises:
        SlideUnreadable: The series has more than one channel, depth, time or page.
    """
    others = {
        axis: size for axis, size in zip(series.axes, series.shape, strict=True)
        if axis not in "YXS" and size > 1
    }  # fmt: skip
    if others:
        sizes = ", ".join(f"{size} along {axis}" for axis, size in others.items())
        raise SlideUnreadable(
            f"{path} is a stack of planes ({sizes}; C are channels, Z depths, T times), but only "
            "single brightfield images are supported: export one plane as 8-bit RGB"
        )


def _metadata_mpp(tiff: TiffFile, page: TiffPage) -> Found:
    """What OME-XML says, else the resolution tags."""
    if tiff.ome_metadata:
        found = ome_mpp(tiff.ome_metadata)
        if found != (None, None):
            return found
    unit_um = _UM_PER_RESOLUTION_UNIT.get(int(page.tags.valueof(296, 2)))
    if tiff.imagej_metadata:
        unit_um = um_per_unit(str(tiff.imagej_metadata.get("unit", "")))
    return _mpp_from(page.tags.valueof(282), unit_um), _mpp_from(page.tags.valueof(283), unit_um)


def _mpp_from(pixels_per_unit: tuple[int, int] | None, unit_um: float | None) -> float | None:
    """µm per pixel from a resolution tag, a fraction; 0/0 and 0/1 stand for unknown."""
    if unit_um is None or pixels_per_unit is None or 0 in pixels_per_unit:
        return None
    numerator, denominator = pixels_per_unit
    return unit_um * denominator / numerator


def ome_mpp(xml: str) -> Found:
    """PhysicalSizeX and Y of the first image, whose unit is µm unless it names another."""
    # expat bounds the growth of entities (2.4.1 and later) and loads no external ones.
    pixels = ElementTree.fromstring(xml).find(".//{*}Pixels")  # noqa: S314
    if pixels is None:
        return None, None
    return _ome_size(pixels, "X"), _ome_size(pixels, "Y")


def _ome_size(pixels: ElementTree.Element, axis: str) -> float | None:
    size = number(pixels.get(f"PhysicalSize{axis}"))
    unit_um = um_per_unit(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    return None if size is None or unit_um is None else size * unit_um
