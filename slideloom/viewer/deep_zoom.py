"""Deep Zoom: a picture as a pyramid of tiles, each level half as large as the next.

Level 0 is one pixel, the last level the picture itself. Tiles do not overlap. Pixel (i, j) of level
L covers the square of 2^(last - L) level-0 pixels of the slide that begins at i, j times that.
"""

from dataclasses import dataclass

from slideloom.arrays import UInt8
from slideloom.errors import ParametersUnusable
from slideloom.slides import GridReader, Slide

_NAMESPACE = "http://schemas.microsoft.com/deepzoom/2008"


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels of its level: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class DeepZoom:
    """The geometry of one picture.

    Attributes:
        width_px: Width of the picture, at least one.
        height_px: Height of the picture, at least one.
        tile_px: Side of a tile.
    """

    width_px: int
    height_px: int
    tile_px: int = 256

    @property
    def levels(self) -> int:
        """How many levels there are: enough to come down to one pixel."""
        return (max(self.width_px, self.height_px) - 1).bit_length() + 1

    def downsample(self, level: int) -> int:
        """Level-0 pixels of the slide along the side of a pixel of this level."""
        return 1 << (self.levels - 1 - level)

    def size_px(self, level: int) -> tuple[int, int]:
        """(width, height) of a level."""
        step = self.downsample(level)
        return -(-self.width_px // step), -(-self.height_px // step)

    def tiles(self, level: int) -> tuple[int, int]:
        """(columns, rows) of a level's tiles."""
        width, height = self.size_px(level)
        return -(-width // self.tile_px), -(-height // self.tile_px)

    def tile(self, level: int, column: int, row: int) -> Rect | None:
        """Where a tile lies in its level; None: there is no such tile."""
        if not 0 <= level < self.levels:
            return None
        columns, rows = self.tiles(level)
        if not (0 <= column < columns and 0 <= row < rows):
            return None
        width, height = self.size_px(level)
        x, y = column * self.tile_px, row * self.tile_px
        return Rect(x, y, min(self.tile_px, width - x), min(self.tile_px, height - y))

    def xml(self) -> str:
        """The descriptor that viewers read (`.dzi`)."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<Image xmlns="{_NAMESPACE}" Format="jpeg" Overlap="0" TileSize="{self.tile_px}">'
            f'<Size Width="{self.width_px}" Height="{self.height_px}"/></Image>'
        )


def source_px(slide: Slide, downsample: int, rect: Rect) -> int:
    """How many pixels of the slide's own levels have to be read for a rectangle.

    Args:
        slide: A slide of square pixels.
        downsample: Level-0 pixels along a pixel of the rectangle.
        rect: The rectangle.
    """
    level = slide.levels[GridReader(slide, downsample * slide.mpp.x).level]
    wide = rect.width * downsample / level.downsample_x
    return round(wide * rect.height * downsample / level.downsample_y)


def draw(slide: Slide, downsample: int, rect: Rect, most_source_px: int) -> UInt8:
    """A rectangle of a level: (height, width, 3) uint8 RGB.

    Args:
        slide: A slide of square pixels; what their size is does not matter.
        downsample: Level-0 pixels along a pixel of the rectangle.
        rect: The rectangle.
        most_source_px: How many pixels may be read for it.

    Raises:
        ParametersUnusable: It takes more: the slide has no small levels.
        SlideUnreadable: The file breaks at this place.
    """
    needed = source_px(slide, downsample, rect)
    if needed > most_source_px:
        raise ParametersUnusable(
            f"this picture takes {needed // 1_000_000} megapixels, for the slide holds no smaller "
            "levels: save it as a pyramid"
        )
    reader = GridReader(slide, downsample * slide.mpp.x)
    return reader.read(rect.x, rect.y, rect.width, rect.height)
