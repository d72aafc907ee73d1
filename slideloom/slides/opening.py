"""Opening a slide: which reader for which file."""

from pathlib import Path

from openslide import OpenSlide, OpenSlideError
from tifffile import TiffFile

from slideloom.errors import SlideUnreadable
from slideloom.slides.base import Slide
from slideloom.slides.image_reader import image_kind, open_image
from slideloom.slides.openslide_reader import OpenSlideSlide, metadata_mpp
from slideloom.slides.pixel_size import resolve
from slideloom.slides.tiff_plane import check_samples
from slideloom.slides.tiff_reader import PARSING_ERRORS, check_single_plane, first_page, open_tiff

_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_SUPPORTED = (
    "a slide of a format that OpenSlide knows (SVS, NDPI, MRXS, SCN, BIF, CZI, DICOM, tiled "
    "TIFF and others), or a TIFF, OME-TIFF, PNG, JPEG, BMP or WebP image"
)


def open_slide(path: Path | str, mpp: float | None = None) -> Slide:
    """Open a slide or a plain image.

    OpenSlide reads what it knows. OME-TIFF, TIFF pyramids in SubIFDs and TIFF files that OpenSlide
    refuses are read through tifffile; PNG, JPEG, BMP and WebP through Pillow, in one piece. The
    file's content decides, not its name. Transparent parts are white; EXIF orientation and ICC
    profiles are not applied.

    Args:
        path: The slide; of a slide in several files the one to start from (`.mrxs`, any `.dcm`).
        mpp: Pixel size of level 0 in µm, both axes; wins over what the file says.

    Raises:
        SlideUnreadable: Missing, empty, damaged, or not a supported image.
        PixelSizeUnknown: Neither `mpp` nor the file gives a pixel size between 0.02 and 20 µm.
    """
    path = Path(path)
    head = _head(path)
    vendor = _vendor(path)
    if vendor is None:
        return _open_plain(path, head, mpp)
    if vendor == "generic-tiff" and _needs_tifffile(path):
        return open_tiff(path, mpp)
    try:
        handle = OpenSlide(path)
        size = resolve(path, metadata_mpp(handle), mpp)
        return OpenSlideSlide(path, handle, size)
    except OpenSlideError as error:
        if vendor == "generic-tiff" and "TIFF compression" in str(error):  # Zstandard, JPEG XL, …
            return open_tiff(path, mpp)
        raise SlideUnreadable(
            f"{path} is a damaged or incomplete {vendor} slide ({error}): copy or export it again"
        ) from error


def _head(path: Path) -> bytes:
    """The first bytes of a file that is there and not empty."""
    if path.is_dir():
        raise SlideUnreadable(
            f"{path} is a folder: name the file in it (of a MIRAX slide the .mrxs file, of a "
            "DICOM slide one of its .dcm files)"
        )
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError as error:
        raise SlideUnreadable(f"{path} does not exist: check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise SlideUnreadable(f"cannot open {path} ({error}): check its permissions") from error
    if not head:
        raise SlideUnreadable(f"{path} is empty (0 bytes): copy or export it again")
    return head


def _vendor(path: Path) -> str | None:
    try:
        return OpenSlide.detect_format(path)
    except OpenSlideError as error:
        raise SlideUnreadable(f"{path} cannot be read ({error}): copy it again") from error


def _open_plain(path: Path, head: bytes, mpp: float | None) -> Slide:
    """Open what OpenSlide does not know."""
    if path.suffix.lower() == ".mrxs":  # itself a JPEG image: the label, not the slide
        raise SlideUnreadable(
            f"{path} is only the start of a MIRAX slide: put the folder "
            f"{path.with_suffix('').name}, with Slidedat.ini and the .dat files, beside it"
        )
    kind = image_kind(head)
    if kind is not None:
        return open_image(path, kind, mpp)
    if head.startswith(_TIFF_MAGICS):
        return open_tiff(path, mpp)
    raise SlideUnreadable(f"{path} is no image that we know: give {_SUPPORTED}")


def _needs_tifffile(path: Path) -> bool:
    """Whether OpenSlide's plain TIFF reader would miss something: OME-XML or SubIFD pyramids.

    Raises:
        SlideUnreadable: Samples that it would cut to 8 bits or that are not brightfield, or
            several planes.
    """
    try:
        with TiffFile(path) as tiff:
            series = tiff.series[0]
            page = first_page(series)
            check_samples(path, page)
            check_single_plane(path, series)
            return bool(tiff.is_ome or page.subifds)
    except PARSING_ERRORS:
        return False  # OpenSlide knows the file, and will say what is wrong with it if anything is
