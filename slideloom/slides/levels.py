"""From the sizes of pyramid levels to their true scales."""

from collections.abc import Sequence

from slideloom.slides.base import Level

_ROUNDING_PX = 2.0
"""A level's side may miss W/k by less than this: writers floor, ceil or round, some repeatedly."""


def axis_downsample(base_px: int, level_px: int) -> float:
    """Level-0 pixels per pixel of a level along one axis.

    Writers cut a level's side to whole pixels: 32914 px at a quarter is 8228 and not 8228.5, so
    the ratio of the sides, 4.00024, is not the scale. Where the sides fit a whole factor up to
    that rounding, the factor is the scale; else the ratio is all that is known.
    """
    ratio = base_px / level_px
    factor = max(round(ratio), 1)
    if abs(base_px / factor - level_px) < _ROUNDING_PX:
        return float(factor)
    return ratio


def pyramid(sizes: Sequence[tuple[int, int]]) -> tuple[Level, ...]:
    """Levels from their (width, height) in pixels, finest first."""
    base_w, base_h = sizes[0]
    return tuple(
        Level(width, height, axis_downsample(base_w, width), axis_downsample(base_h, height))
        for width, height in sizes
    )
