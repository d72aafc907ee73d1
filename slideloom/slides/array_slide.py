"""A slide whose pixels are all in memory: plain images, which cannot be read in part."""

from pathlib import Path

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides.base import PixelSize
from slideloom.slides.blocks import BlockedSlide
from slideloom.slides.levels import pyramid

MAX_WHOLE_PX = 400_000_000
"""The largest image that is decoded in one piece: 1.2 GB of RGB."""


def check_decodable_whole(path: Path, width: int, height: int) -> None:
    """Refuse an image, a tile or a strip that would not fit in memory.

    Raises:
        SlideUnreadable: It has more than `MAX_WHOLE_PX` pixels.
    """
    if width * height > MAX_WHOLE_PX:
        raise SlideUnreadable(
            f"{path} must be decoded {width} × {height} pixels at a time, more than the "
            f"{MAX_WHOLE_PX // 1_000_000} megapixels that are allowed: save it as a tiled TIFF, "
            "which is read in small parts"
        )


class ArraySlide(BlockedSlide):
    """A slide of one level, held as one array."""

    def __init__(self, path: Path, name: str, mpp: PixelSize, pixels: UInt8) -> None:
        """Hold `pixels`, (h, w, 3) uint8 RGB."""
        super().__init__(path, name, mpp, pyramid([(pixels.shape[1], pixels.shape[0])]))
        self._pixels = pixels

    def block_px(self, level: int) -> tuple[int, int]:
        """See `Slide.block_px`: one block."""
        size = self.levels[level]
        return size.width_px, size.height_px

    def _block(self, level: int, column: int, row: int) -> UInt8:
        """The pixels themselves: nothing to cache."""
        return self.decode_block(level, column, row)

    def decode_block(self, level: int, column: int, row: int) -> UInt8:  # noqa: ARG002
        """See `BlockedSlide.decode_block`."""
        return self._pixels

    def files(self) -> tuple[Path, ...]:
        """See `Slide.files`."""
        return (self.path,)

    def release(self) -> None:
        """See `BlockedSlide.release`."""
        del self._pixels
