"""Pictures of a result: outlines on the slide, density, distribution of areas."""

from slideloom.drawing.jpeg import preview_jpeg
from slideloom.drawing.pictures import Pictures

__all__ = ["Pictures", "preview_jpeg"]
