"""The look itself: opens the file as a slide, and reads samples of it.

It runs in a process of its own: the readers are large C libraries, and the file may be hostile.
"""

from pathlib import Path

from gateway.inspection.facts import Ending, Facts, UploadRefused
from slideloom.errors import BadInput
from slideloom.slides import Slide, open_slide
from slideloom.slides.array_slide import ArraySlide
from slideloom.slides.image_reader import image_kind

_SAMPLE_PX = 256
_NO_SIZE_MPP = 1.0
_ENDINGS: dict[str, Ending] = {
    "aperio": "svs",
    "hamamatsu": "ndpi",
    "leica": "scn",
    "ventana": "bif",
    "zeiss": "czi",
    "sakura": "svslide",
    "philips": "tif",
    "trestle": "tif",
    "generic-tiff": "tif",
    "tiff": "tif",
}
_IMAGES: dict[str, Ending] = {"png": "png", "jpeg": "jpg", "bmp": "bmp", "webp": "webp"}
_SEVERAL = (
    "a slide of this format is several files ({format}), and one alone is of no use: ask the "
    "operator to put all of them into your slide folder"
)


def look(path: Path, most_whole_px: int) -> Facts:
    """What the file is.

    Args:
        path: The file; nothing else is in its folder.
        most_whole_px: How many pixels an image may have that is decoded in one piece.

    Raises:
        UploadRefused: It is no slide that can be kept.
    """
    try:
        with open_slide(path, _NO_SIZE_MPP) as slide:
            facts = _facts(slide, most_whole_px)
            _read_samples(slide)
    except UploadRefused:
        raise
    except BadInput as error:
        raise UploadRefused(str(error).replace(str(path), "the file")) from error
    return facts


def _facts(slide: Slide, most_whole_px: int) -> Facts:
    ending = _ending(slide)
    if ending is None or slide.files() != (slide.path,):
        raise UploadRefused(_SEVERAL.format(format=slide.format))
    if isinstance(slide, ArraySlide) and slide.width_px * slide.height_px > most_whole_px:
        raise UploadRefused(
            f"the file is an image of {slide.width_px} × {slide.height_px} pixels that can only "
            f"be decoded whole, and {most_whole_px // 1_000_000} megapixels are allowed: save it "
            "as a tiled TIFF"
        )
    return Facts(
        format=slide.format,
        ending=ending,
        width_px=slide.width_px,
        height_px=slide.height_px,
        mpp=slide.mpp.said_mean,
        levels=len(slide.levels),
    )


def _ending(slide: Slide) -> Ending | None:
    """By what the file is; what is not known is one of several files."""
    if slide.format == "image":
        with slide.path.open("rb") as file:
            return _IMAGES.get(image_kind(file.read(16)) or "")
    return _ENDINGS.get(slide.format)


def _read_samples(slide: Slide) -> None:
    """Corners and centre of the finest level and of the smallest."""
    for level in sorted({0, len(slide.levels) - 1}):
        size = slide.levels[level]
        width, height = min(_SAMPLE_PX, size.width_px), min(_SAMPLE_PX, size.height_px)
        right, bottom = size.width_px - width, size.height_px - height
        corners = [(x, y) for x in (0, right) for y in (0, bottom)]
        for x, y in {*corners, (right // 2, bottom // 2)}:
            slide.read(level, x, y, width, height)
