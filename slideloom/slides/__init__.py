"""Whole-slide images and plain images behind one interface, on one pixel grid."""

from slideloom.slides.base import Level, PixelSize, Slide
from slideloom.slides.fingerprint import fingerprint
from slideloom.slides.grid_reader import GridReader
from slideloom.slides.opening import open_slide
from slideloom.slides.whole import read_whole, thumbnail

__all__ = [
    "GridReader",
    "Level",
    "PixelSize",
    "Slide",
    "fingerprint",
    "open_slide",
    "read_whole",
    "thumbnail",
]
