"""Tissue masks as files: PNG and GeoJSON out, the same and QuPath's GeoJSON in."""

import io
import math
import struct
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from slideloom.arrays import Bool, Int32
from slideloom.errors import TissueMaskUnusable
from slideloom.slides import GridReader, Slide
from slideloom.tissue.detect import mask_pixel_um
from slideloom.tissue.geojson import read_areas
from slideloom.tissue.mask import TissueMask
from slideloom.tissue.parameters import DEFAULTS, TissueParameters
from slideloom.tissue.polygons import rasterise

_ASPECT_TOLERANCE = 0.01
_MAX_PNG_PX = 80_000_000
"""Decoded at four bytes a pixel; a mask needs no more pixels than its slide has nuclei."""
_PNG_HEAD = struct.Struct(">8s4x4sII")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GEOJSON_ENDINGS = (".geojson", ".json", ".geojson.gz", ".json.gz")


def to_png(tissue: TissueMask) -> bytes:
    """8-bit grey PNG at the mask's resolution: 255 is tissue, 0 is not."""
    _, encoded = cv2.imencode(".png", tissue.mask.astype(np.uint8) * np.uint8(255))
    return encoded.tobytes()


def load_mask(
    path: Path | str, slide: Slide, parameters: TissueParameters = DEFAULTS
) -> TissueMask:
    """A given mask of this slide, from PNG or GeoJSON.

    Args:
        path: PNG of two colours, black being no tissue, of any size with the slide's proportions
            (1 %, or the rounding of its pixels); or GeoJSON, plain or gzip, in level-0 pixels.
        slide: The slide that it belongs to.
        parameters: Say how fine the mask is that GeoJSON is turned into.

    Raises:
        TissueMaskUnusable: The file is missing, broken, or no mask of this slide.
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith(".png"):
        return _from_png(path, slide, parameters)
    if name.endswith(_GEOJSON_ENDINGS):
        return _from_geojson(path, slide, parameters)
    raise TissueMaskUnusable(f"tissue mask {path} must be .png, .geojson or .geojson.gz")


def _from_png(path: Path, slide: Slide, parameters: TissueParameters) -> TissueMask:
    mask = _two_colours(path)
    height, width = mask.shape
    grid = _grid(slide, parameters)
    if (width, height) == (grid.width_px, grid.height_px):
        # Pixels of our own grid need not divide the slide evenly: what we wrote is read as it was.
        return TissueMask(mask, grid.scale, slide.width_px, slide.height_px, "given")
    _check_aspect(path, width, height, slide)
    scale = (slide.width_px / width, slide.height_px / height)
    return TissueMask(mask, scale, slide.width_px, slide.height_px, "given")


def _from_geojson(path: Path, slide: Slide, parameters: TissueParameters) -> TissueMask:
    areas = read_areas(path)
    grid = _grid(slide, parameters)
    empty = np.zeros((grid.height_px, grid.width_px), np.bool_)
    blank = TissueMask(empty, grid.scale, slide.width_px, slide.height_px, "given")
    x, y = blank.column_edges(), blank.row_edges()
    mask = rasterise(areas, (x[:-1] + x[1:]) / 2, (y[:-1] + y[1:]) / 2)
    if areas and not mask.any():
        raise TissueMaskUnusable(
            f"tissue mask {path}: none of its {len(areas)} areas lies on the slide, which is "
            f"{slide.width_px} × {slide.height_px} px; coordinates must be level-0 pixels"
        )
    return TissueMask(mask, grid.scale, slide.width_px, slide.height_px, "given")


def _grid(slide: Slide, parameters: TissueParameters) -> GridReader:
    return GridReader(slide, mask_pixel_um(slide, parameters))


def _check_aspect(path: Path, width: int, height: int, slide: Slide) -> None:
    """Refuse a mask of other proportions than its slide's."""
    aspect = slide.width_px / slide.height_px
    close = math.isclose(width / height, aspect, rel_tol=_ASPECT_TOLERANCE)
    if not close and abs(width - height * aspect) >= 1 and abs(height - width / aspect) >= 1:
        raise TissueMaskUnusable(
            f"tissue mask {path} is {width} × {height} px, the slide {slide.width_px} × "
            f"{slide.height_px}: a mask must show the whole slide in its own proportions"
        )


def _two_colours(path: Path) -> Bool:
    """(h, w) bool from a PNG in which tissue is one colour and the rest black or transparent."""
    shade = _shades(path)
    values = np.unique(shade)
    if len(values) > 2 or (len(values) == 2 and values[0] != 0):
        raise TissueMaskUnusable(
            f"tissue mask {path} is a picture with {len(values)} shades: a mask has two, black "
            "where there is no tissue"
        )
    mask: Bool = shade > 0
    return mask


def _shades(path: Path) -> Int32:
    """(h, w) int32 brightness; the size is checked before anything is unpacked."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TissueMaskUnusable(f"tissue mask {path} cannot be read: {error}") from error
    if len(content) < _PNG_HEAD.size or not content.startswith(_PNG_SIGNATURE):
        raise TissueMaskUnusable(f"tissue mask {path} is not a PNG")
    _, _, width, height = _PNG_HEAD.unpack_from(content)
    if width * height > _MAX_PNG_PX:
        raise TissueMaskUnusable(
            f"tissue mask {path} has {width} × {height} px: make it smaller, 8 µm a pixel is fine"
        )
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            return _brightness(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise TissueMaskUnusable(f"tissue mask {path} is a broken PNG: {error}") from error


def _brightness(image: Image.Image) -> Int32:
    """(h, w) int32: the brightest channel; 0 where the picture is transparent."""
    if image.mode.startswith("I"):
        return np.array(image.convert("I"), np.int32)
    pixels = np.asarray(image.convert("RGBA"))
    brightest: Int32 = pixels[..., :3].max(axis=2).astype(np.int32)
    brightest[pixels[..., 3] == 0] = 0
    return brightest
