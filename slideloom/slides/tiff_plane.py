"""One TIFF image (one IFD), decoded by tiles or strips on demand."""

import os
from pathlib import Path

import numpy as np
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffPage

from slideloom.arrays import UInt8
from slideloom.errors import SlideUnreadable
from slideloom.slides.colour import grey_to_rgb, over_white, premultiplied_over_white

_TILED_BLOCK_PX = 256
_STRIP_BLOCK_ROWS = 64
_RAW_BLOCK_PX = 512
_SMALL_SEGMENT_PX = 16 * 1024 * 1024
"""A strip or tile of more pixels, 48 MiB of RGB, would crowd everything else out of the cache."""

_DECODING_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, OSError)
"""imagecodecs raises subclasses of RuntimeError, tifffile the others."""

_PHOTOMETRICS = (
    PHOTOMETRIC.MINISBLACK,
    PHOTOMETRIC.MINISWHITE,
    PHOTOMETRIC.RGB,
    PHOTOMETRIC.PALETTE,
)


class TiffPlane:
    """Pixels of one IFD as RGB. Safe for threads: reads by position, decodes without a lock."""

    def __init__(self, path: Path, page: TiffPage, level: int) -> None:
        """Take from `page` all that decoding needs; its file may be closed afterwards.

        `level` is named in errors.

        Raises:
            SlideUnreadable: The samples are not 8-bit grey, RGB, RGBA or palette.
        """
        check_samples(path, page)
        self._path = path
        self._level = level
        self.width_px, self.height_px = page.imagewidth, page.imagelength
        self._samples = page.samplesperpixel
        self._photometric = page.photometric
        self._premultiplied = EXTRASAMPLE.ASSOCALPHA in page.extrasamples
        self._bilevel = page.bitspersample == 1
        colormap = page.colormap
        self._palette = None if colormap is None else (colormap.T >> 8).astype(np.uint8)
        self._decode_segment = page.decode
        self._tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        self._offsets, self._counts = page.dataoffsets, page.databytecounts
        self._separate = page.planarconfig == 2 and self._samples > 1
        self._raw = page.is_contiguous and not self._separate and page.bitspersample == 8
        self.segment_px = self._segment_px(page)
        self._check_complete()

    def _segment_px(self, page: TiffPage) -> tuple[int, int]:
        """(width, height) of a tile or strip."""
        if self._raw:
            return min(_RAW_BLOCK_PX, self.width_px), min(_RAW_BLOCK_PX, self.height_px)
        if page.is_tiled:
            return page.tilewidth, page.tilelength
        return self.width_px, min(page.rowsperstrip, self.height_px)

    def _check_complete(self) -> None:
        """Refuse a file that does not say where its pixels are: its header was cut off."""
        if min(self.width_px, self.height_px, *self.segment_px) < 1:
            raise SlideUnreadable(
                f"{self._path} is a damaged TIFF file (an image of {self.width_px} × "
                f"{self.height_px} px): copy or export it again"
            )
        across, down = (
            -(-size // segment)
            for size, segment in zip((self.width_px, self.height_px), self.segment_px, strict=True)
        )
        needed = 1 if self._raw else across * down * (self._samples if self._separate else 1)
        if min(len(self._offsets), len(self._counts)) < needed:
            raise SlideUnreadable(
                f"{self._path} is a damaged TIFF file (places of {needed} tiles or strips "
                f"expected, {len(self._offsets)} found): copy or export it again"
            )

    @property
    def is_sparse(self) -> bool:
        """Whether some tiles were left out of the file."""
        return 0 in self._counts

    @property
    def has_small_segments(self) -> bool:
        """Whether decoding a whole tile or strip for a few of its pixels is bearable."""
        return self.segment_px[0] * self.segment_px[1] <= _SMALL_SEGMENT_PX

    @property
    def block_px(self) -> tuple[int, int]:
        """(width, height) of a block: whole segments, enough of them to be worth a call."""
        width, height = self.segment_px
        if self._raw:
            return width, height
        if width == self.width_px:
            return width, height * -(-_STRIP_BLOCK_ROWS // height)
        return width * -(-_TILED_BLOCK_PX // width), height * -(-_TILED_BLOCK_PX // height)

    def read(self, fd: int, x: int, y: int, width: int, height: int) -> UInt8:
        """Decode a rectangle within the image that begins at a segment's corner.

        Args:
            fd: Open file descriptor of the TIFF file.
            x: Left edge in pixels of this image.
            y: Top edge.
            width: Width in pixels.
            height: Height in pixels.

        Returns:
            (height, width, 3) uint8 RGB; what the file leaves out is white.

        Raises:
            SlideUnreadable: The file breaks at this place.
        """
        try:
            if self._raw:
                return self._to_rgb(self._read_raw(fd, x, y, width, height))
            return self._read_segments(fd, x, y, width, height)
        except _DECODING_ERRORS as error:
            raise SlideUnreadable(
                f"{self._path} is damaged: cannot read {width} × {height} px of level "
                f"{self._level} at that level's pixel ({x}, {y}): {error}; "
                "copy or export the slide again"
            ) from error

    def _read_raw(self, fd: int, x: int, y: int, width: int, height: int) -> UInt8:
        """Rows of an uncompressed image, straight from the file."""
        row_bytes = self.width_px * self._samples
        start = self._offsets[0] + y * row_bytes + x * self._samples
        length = width * self._samples
        rows = [_pread(fd, length, start + row * row_bytes) for row in range(height)]
        return np.frombuffer(b"".join(rows), np.uint8).reshape(height, width, self._samples)

    def _read_segments(self, fd: int, x: int, y: int, width: int, height: int) -> UInt8:
        out = np.full((height, width, 3), 255, dtype=np.uint8)
        seg_w, seg_h = self.segment_px
        across = -(-self.width_px // seg_w)
        for top in range(y, y + height, seg_h):
            for left in range(x, x + width, seg_w):
                samples = self._segment(fd, (top // seg_h) * across + left // seg_w)
                if samples is not None:
                    target = out[top - y : top - y + seg_h, left - x : left - x + seg_w]
                    target[:] = self._to_rgb(samples[: target.shape[0], : target.shape[1]])
        return out

    def _segment(self, fd: int, index: int) -> UInt8 | None:
        """Samples of one tile or strip, (h, w, samples), or None where it was left out."""
        if not self._separate:
            return self._component(fd, index)
        apart = len(self._offsets) // self._samples
        parts = [self._component(fd, index + k * apart) for k in range(self._samples)]
        present = [part for part in parts if part is not None]
        return np.concatenate(present, axis=2) if len(present) == len(parts) else None

    def _component(self, fd: int, index: int) -> UInt8 | None:
        count = self._counts[index]
        if count == 0:
            return None
        encoded = _pread(fd, count, self._offsets[index])
        samples = self._decode_segment(encoded, index, **self._tables)[0]
        if samples is None:
            return None
        pixels: UInt8 = samples[0].astype(np.uint8, copy=False)
        return pixels

    def _to_rgb(self, samples: UInt8) -> UInt8:
        if self._palette is not None and self._photometric == PHOTOMETRIC.PALETTE:
            return self._palette[samples[..., 0]]
        colours = 3 if self._samples >= 3 else 1
        colour, alpha = samples[..., :colours], samples[..., colours:]
        if self._bilevel:
            colour = colour * np.uint8(255)
        if self._photometric == PHOTOMETRIC.MINISWHITE:
            colour = 255 - colour
        if colours == 1:
            colour = grey_to_rgb(colour)
        if not alpha.shape[2]:
            return colour
        return (premultiplied_over_white if self._premultiplied else over_white)(colour, alpha)


def check_samples(path: Path, page: TiffPage) -> None:
    """Refuse what cannot be shown as 8-bit RGB without a guess.

    Raises:
        SlideUnreadable: Not 8-bit (or 1-bit) grey, RGB, RGBA or palette.
    """
    what = _unsupported(page)
    if what is not None:
        raise SlideUnreadable(
            f"{path} holds {what}, but only 8-bit brightfield images are supported (grey, RGB, "
            "RGBA or palette): export it as 8-bit RGB"
        )


def _unsupported(page: TiffPage) -> str | None:
    """What cannot be read in this image, in words, or None."""
    if page.dtype is None or page.dtype.kind not in "ub" or page.bitspersample not in (1, 8):
        kind = "floating-point" if page.dtype is not None and page.dtype.kind == "f" else "integer"
        return f"{page.bitspersample}-bit {kind} samples"
    jpeg = page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG)
    decoded_to_rgb = page.photometric == PHOTOMETRIC.YCBCR and jpeg
    if page.photometric not in _PHOTOMETRICS and not decoded_to_rgb:
        return f"pixels in colour space {page.photometric!r}"
    colours = 3 if page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR) else 1
    extra = page.samplesperpixel - colours
    alpha = set(page.extrasamples) <= {EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA}
    if extra < 0 or extra > 1 or (extra == 1 and not (alpha and page.extrasamples)):
        return f"{page.samplesperpixel} channels that are not colour and transparency"
    return None


def _pread(fd: int, length: int, offset: int) -> bytes:
    data = os.pread(fd, length, offset)
    if len(data) != length:
        raise OSError(f"the file ends early: {length} bytes expected at {offset}")
    return data
