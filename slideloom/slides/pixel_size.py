"""How large a pixel is: what the file says, what the user says, and what cannot be true."""

import math
from pathlib import Path

from slideloom.errors import PixelSizeUnknown
from slideloom.slides.base import PixelSize

MIN_MPP = 0.02
MAX_MPP = 20.0
"""µm per pixel. Brightfield scanners give 0.1 to 0.5 at 20x to 80x, 2 to 10 at a low-power scan."""

_ADVICE = "pass the real size in µm per pixel with --mpp, for example --mpp 0.25 for a 40x scan"

_UM_PER_UNIT = {
    "m": 1e6,
    "cm": 1e4,
    "mm": 1e3,
    "µm": 1.0,  # micro sign, the OME default
    "μm": 1.0,  # Greek mu
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "\\u00b5m": 1.0,  # as ImageJ writes it
    "nm": 1e-3,
    "in": 25_400.0,
    "inch": 25_400.0,
}

Found = tuple[float | None, float | None]
"""µm per pixel along x and y, as read from a file; None where it says nothing."""


def um_per_unit(unit: str) -> float | None:
    """µm in one `unit` of length, or None for units that are no length (`pixel`)."""
    return _UM_PER_UNIT.get(unit.strip().lower())


def number(text: object) -> float | None:
    """A float from metadata, or None where it holds no number."""
    try:
        return float(str(text).strip())
    except ValueError:
        return None


def from_dpi(dpi: object) -> Found:
    """Pixel size from dots per inch of a plain image.

    Image editors write 72 or 96 whatever the picture is, so a density that no microscope has
    counts as absent.
    """
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None, None
    sizes = [25_400.0 / float(axis) if float(axis) > 0 else math.nan for axis in dpi]
    if not all(is_plausible(size) for size in sizes):
        return None, None
    return sizes[0], sizes[1]


def is_plausible(mpp: float) -> bool:
    """Whether a microscope could have taken pixels of this size; False for NaN."""
    return MIN_MPP <= mpp <= MAX_MPP


def resolve(path: Path, found: Found, user_mpp: float | None) -> PixelSize:
    """The pixel size to use: the user's for both axes, else the file's.

    Args:
        path: Named in errors.
        found: What the file says.
        user_mpp: What the user says, µm per pixel.

    Raises:
        PixelSizeUnknown: Neither says anything, or it lies outside 0.02 … 20 µm per pixel.
    """
    x, y = found
    said = None if x is None or y is None else (x, y)
    is_right = said is not None and all(is_plausible(size) for size in said)
    if user_mpp is not None:
        if not is_plausible(user_mpp):
            raise PixelSizeUnknown(
                f"a pixel size of {user_mpp:g} µm for {path} cannot be right: "
                f"give a value between {MIN_MPP:g} and {MAX_MPP:g} µm per pixel with --mpp"
            )
        return PixelSize(float(user_mpp), float(user_mpp), "user", said if is_right else None)
    if said is None:
        raise PixelSizeUnknown(f"{path} does not say how large its pixels are: {_ADVICE}")
    if not is_right:
        raise PixelSizeUnknown(
            f"{path} says that its pixels are {said[0]:g} × {said[1]:g} µm, which cannot be right "
            f"(expected {MIN_MPP:g} to {MAX_MPP:g}): {_ADVICE}"
        )
    return PixelSize(*said, "metadata", said)
