"""All pictures of a result, from cells that stream past once."""

from collections.abc import Iterator

import numpy as np

from slideloom.arrays import Float32, Float64, Int64, UInt8
from slideloom.drawing import jpeg, outlines
from slideloom.drawing.density import DensityMap
from slideloom.drawing.frame import Frame
from slideloom.drawing.histogram import area_histogram
from slideloom.errors import ParametersUnusable
from slideloom.slides import Slide
from slideloom.tissue import TissueMask

OUTLINE_RGB = (0, 230, 64)
"""Green: the one hue that neither haematoxylin, eosin nor DAB has, so it stands out on each. Yellow
and cyan vanish on glass, red and blue in the stains."""
THUMBNAIL_PX = 512
_BAND_ROWS = 256


class Pictures:
    """Collects cells, then draws.

    Memory is bounded by the picture: per cell only its area is kept (4 bytes).

    Attributes:
        frame: Size and scale of `base.jpg`, `overlay.png` and `combined.jpg`.
    """

    def __init__(
        self, slide: Slide, max_side_px: int = 4096, tissue: TissueMask | None = None
    ) -> None:
        """An empty set of pictures.

        Args:
            slide: Stays open until the last of `files` is made.
            max_side_px: Longer side of the large pictures, at most. A slide that fits is drawn at
                level 0, a tiny one enlarged up to four times.
            tissue: Where densities are meant; without it, the whole slide.

        Raises:
            ParametersUnusable: `max_side_px` is below one.
        """
        self.frame = Frame.of(slide, max_side_px)
        self._slide = slide
        self._coverage = np.zeros((self.frame.height_px, self.frame.width_px), np.uint8)
        self._density = DensityMap(slide, tissue or TissueMask.everywhere(slide))
        self._areas: list[Float32] = []

    def add(self, coords: Float64, offsets: Int64, areas_um2: Float64) -> None:
        """Add k cells.

        Args:
            coords: (n, 2) outline points in level-0 px.
            offsets: (k + 1,) int64; ring i is `coords[offsets[i]:offsets[i + 1]]`, not closed.
            areas_um2: (k,) areas.

        Raises:
            ParametersUnusable: The three do not belong together.
        """
        _check(coords, offsets, areas_um2)
        outlines.draw(self._coverage, self.frame, coords, offsets, areas_um2)
        self._density.add(outlines.centres(coords, offsets))
        self._areas.append(areas_um2.astype(np.float32))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each picture, made one at a time.

        `base.jpg`, `thumbnail.jpg`, `overlay.png`, `combined.jpg`, `density.png` and
        `area_histogram.png`, in this order.

        Raises:
            SlideUnreadable: The slide breaks while it is read.
        """
        base = self.frame.read(self._slide)
        yield "base.jpg", jpeg.to_jpeg(base)
        yield "thumbnail.jpg", jpeg.to_jpeg(jpeg.fit(base, THUMBNAIL_PX))
        yield "overlay.png", jpeg.to_png(self._overlay())
        yield "combined.jpg", jpeg.to_jpeg(self._lay_over(base))
        yield "density.png", self._density.png()
        empty = np.zeros(0, np.float32)
        yield "area_histogram.png", area_histogram(np.concatenate([empty, *self._areas]))

    def combined(self) -> UInt8:
        """(h, w, 3) uint8 RGB: the slide with the outlines, as in `combined.jpg`.

        Raises:
            SlideUnreadable: The slide breaks while it is read.
        """
        return self._lay_over(self.frame.read(self._slide))

    def _overlay(self) -> UInt8:
        """(h, w, 4) uint8 RGBA: one colour, the coverage as alpha."""
        overlay = np.empty((*self._coverage.shape, 4), np.uint8)
        overlay[..., :3] = OUTLINE_RGB
        overlay[..., 3] = outlines.alpha(self._coverage)
        return overlay

    def _lay_over(self, base: UInt8) -> UInt8:
        """The base, changed in place, with the colour mixed in by coverage; in whole numbers."""
        colour = np.array(OUTLINE_RGB, np.uint32)
        for top in range(0, len(base), _BAND_ROWS):
            band = base[top : top + _BAND_ROWS]
            alpha = outlines.alpha(self._coverage[top : top + _BAND_ROWS])[..., None]
            weight = alpha.astype(np.uint32)
            band[:] = (band * (255 - weight) + colour * weight + 127) // 255
        return base


def _check(coords: Float64, offsets: Int64, areas_um2: Float64) -> None:
    rings = len(offsets) - 1
    fits = coords.ndim == 2 and coords.shape[1] == 2 and rings >= 0
    fits = fits and offsets[0] == 0 and offsets[-1] == len(coords)
    if not fits or (np.diff(offsets) < 1).any() or len(areas_um2) != rings:
        raise ParametersUnusable(
            f"outlines do not fit together: {len(coords)} points, {len(offsets)} offsets, "
            f"{len(areas_um2)} areas; every ring needs a point"
        )
