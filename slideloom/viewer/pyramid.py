"""The tiles of a slide in deep zoom: whole numbers only, so that all who ask agree.

Level `levels - 1` is the slide itself; each level below is half as large, down to one pixel. A tile
that reaches beyond its level's end is cut there, and tiles do not overlap.
"""

from dataclasses import dataclass

TILE_PX = 256


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The levels of a slide.

    Attributes:
        width_px: Width of the slide, level-0 pixels; at least one.
        height_px: Height of the slide, level-0 pixels; at least one.
        tile_px: Side of a tile.
    """

    width_px: int
    height_px: int
    tile_px: int = TILE_PX

    @property
    def levels(self) -> int:
        """Number of levels."""
        return (max(self.width_px, self.height_px) - 1).bit_length() + 1

    def scale(self, level: int) -> int:
        """Level-0 pixels per pixel of the level."""
        return 1 << (self.levels - 1 - level)

    def level_size(self, level: int) -> tuple[int, int]:
        """Width and height of the level, in its own pixels."""
        scale = self.scale(level)
        return -(-self.width_px // scale), -(-self.height_px // scale)

    def tiles(self, level: int) -> tuple[int, int]:
        """Columns and rows of tiles."""
        width, height = self.level_size(level)
        return -(-width // self.tile_px), -(-height // self.tile_px)

    def has(self, level: int, x: int, y: int) -> bool:
        """Whether there is such a tile; takes any numbers."""
        if not 0 <= level < self.levels:
            return False
        columns, rows = self.tiles(level)
        return 0 <= x < columns and 0 <= y < rows

    def size(self, level: int, x: int, y: int) -> tuple[int, int]:
        """Width and height of a tile, in pixels of its level."""
        width, height = self.level_size(level)
        left, top = x * self.tile_px, y * self.tile_px
        return min(self.tile_px, width - left), min(self.tile_px, height - top)

    def box(self, level: int, x: int, y: int) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 of a tile: whole level-0 pixels, half-open, cut at the slide's end."""
        side = self.tile_px * self.scale(level)
        x0, y0 = x * side, y * side
        return x0, y0, min(x0 + side, self.width_px), min(y0 + side, self.height_px)

    def dzi(self, image_format: str) -> str:
        """The description that deep-zoom viewers read first."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="{image_format}" '
            f'Overlap="0" TileSize="{self.tile_px}">'
            f'<Size Width="{self.width_px}" Height="{self.height_px}"/></Image>'
        )
