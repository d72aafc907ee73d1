"""Slides that OpenSlide reads."""

from pathlib import Path

from openslide import OpenSlide, OpenSlideError

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides.array_slide import check_decodable_whole
from slideloom.slides.base import PixelSize
from slideloom.slides.blocks import BlockedSlide
from slideloom.slides.fast_path import fast_planes
from slideloom.slides.levels import pyramid
from slideloom.slides.openslide_pixels import read_rgb
from slideloom.slides.parts import slide_files
from slideloom.slides.pixel_size import Found, number
from slideloom.slides.tiff_reader import DescriptorOf

_BLOCK_PX = 512


class OpenSlideSlide(BlockedSlide):
    """A slide read through OpenSlide. Colours are the file's own: no ICC profile is applied.

    OpenSlide finds the pixels of a level from a level-0 position and its own, fractional,
    downsample: where that is no whole number a read is shifted by up to half a level-0 pixel,
    differently at each position. Blocks at fixed places make the shift a property of the slide.
    """

    def __init__(self, path: Path, handle: OpenSlide, mpp: PixelSize, *, fast: bool = True) -> None:
        """Take over an opened slide; `fast` allows the direct decoding of JPEG tiles.

        Raises:
            SlideUnreadable: Its tiles are too large to be decoded.
        """
        vendor = handle.properties.get("openslide.vendor", "openslide")
        super().__init__(path, vendor, mpp, pyramid(handle.level_dimensions))
        self._handle = handle
        self._downsamples = handle.level_downsamples
        tiles = [_tile_px(handle, level) for level in range(len(self.levels))]
        for tile in tiles:  # out of memory, OpenSlide ends the whole process
            check_decodable_whole(path, *tile)
        self._blocks = [(_block_side(width), _block_side(height)) for width, height in tiles]
        self._file = DescriptorOf(path)
        self._fast = fast_planes(path, handle, self._file) if fast else {}

    @property
    def fast_levels(self) -> tuple[int, ...]:
        """Levels whose JPEG tiles are decoded directly."""
        return tuple(sorted(self._fast))

    def block_px(self, level: int) -> tuple[int, int]:
        """See `Slide.block_px`: a multiple of the file's own tiles."""
        plane = self._fast.get(level)
        return self._blocks[level] if plane is None else plane.block_px

    def decode_block(self, level: int, column: int, row: int) -> UInt8:
        """See `BlockedSlide.decode_block`."""
        x, y, width, height = self.block_rect(level, column, row)
        plane = self._fast.get(level)
        if plane is not None:
            return plane.read(self._file.fd, x, y, width, height)
        downsample = self._downsamples[level]
        location = (round(x * downsample), round(y * downsample))
        try:
            return read_rgb(self._handle, location, level, (width, height))
        except OpenSlideError:
            return self._decode_alone(level, location, (width, height))

    def _decode_alone(self, level: int, location: tuple[int, int], size: tuple[int, int]) -> UInt8:
        """Read through a handle of our own, after an error.

        A handle that met an error gives that error for every later read. Only a fresh one tells
        whether this place is broken or another one was; if it works, it is the slide's from now
        on, and the old one closes itself when the last thread that reads through it lets go.
        """
        try:
            fresh = OpenSlide(self.path)
            pixels = read_rgb(fresh, location, level, size)
        except OpenSlideError as error:
            raise SlideUnreadable(
                f"{self.path} is damaged: cannot read {size[0]} × {size[1]} px of level {level} "
                f"at level-0 pixel ({location[0]}, {location[1]}): {error}; "
                "copy or export the slide again"
            ) from error
        self._handle = fresh
        return pixels

    def files(self) -> tuple[Path, ...]:
        """See `Slide.files`."""
        return slide_files(self.path, self.format)

    def release(self) -> None:
        """See `BlockedSlide.release`."""
        # Each closes when the last thread that reads through it lets go of it.
        del self._handle, self._file


def metadata_mpp(handle: OpenSlide) -> Found:
    """What the file says about its pixel size."""
    properties = handle.properties
    return number(properties.get("openslide.mpp-x")), number(properties.get("openslide.mpp-y"))


def _tile_px(handle: OpenSlide, level: int) -> tuple[int, int]:
    """(width, height) of the file's tiles; 0 where it has none."""
    sides = (
        handle.properties.get(f"openslide.level[{level}].tile-{side}", "0")
        for side in ("width", "height")
    )
    width, height = (int(side) for side in sides)
    return width, height


def _block_side(tile_px: int) -> int:
    """A multiple of the tile's side, at least 512 px; 512 px for strips and huge tiles."""
    if not 64 <= tile_px <= 2048:
        return _BLOCK_PX
    return tile_px * -(-_BLOCK_PX // tile_px)
