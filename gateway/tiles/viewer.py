"""Pictures of slides for the viewer."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio.to_thread

from blocks import Tenant
from gateway.problems import Problem, not_found
from gateway.scope import Scope
from gateway.settings import GatewaySettings
from gateway.slides import Slide
from gateway.tiles.cache import PictureCache
from gateway.tiles.pool import SlidePool
from slideloom.drawing.jpeg import to_jpeg
from slideloom.errors import ParametersUnusable
from slideloom.viewer.pyramid import Pyramid
from slideloom.viewer.slide_pixels import Rect, draw, rect_of

_QUALITY = 85
THUMBNAIL_PX = 512
"""The longer side of a thumbnail, at most; one level of Deep Zoom, so no pixel is made up."""


@dataclass(frozen=True, slots=True)
class SlideSize:
    """How large a slide is, as its file says.

    Attributes:
        width_px: Width, level-0 pixels.
        height_px: Height, level-0 pixels.
        levels: How many levels its pyramid has.
        mpp: µm per pixel, the mean of both axes; None: nothing that can be right.
    """

    width_px: int
    height_px: int
    levels: int
    mpp: float | None


class Viewer:
    """Draws tiles and thumbnails, in threads.

    Args:
        settings: The door's.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        """Nothing is open yet."""
        self._pool = SlidePool(settings.open_slides, settings.open_slide_bytes)
        self._pictures = PictureCache(
            settings.tile_cache_bytes, settings.tile_threads, settings.tile_queue
        )
        self._most_source_px = settings.tile_source_px

    @property
    def cache_bytes(self) -> dict[str, int]:
        """What is kept, by what it is."""
        return {"slide tiles": self._pictures.size_bytes}

    async def geometry(self, scope: Scope, slide: Slide, tile_px: int = 256) -> Pyramid:
        """How the slide is cut into tiles.

        Raises:
            SlideUnreadable: It cannot be read.
        """
        if slide.card:
            return Pyramid(slide.card.facts.width_px, slide.card.facts.height_px, tile_px)
        size = await self.size(scope, slide)
        return Pyramid(size.width_px, size.height_px, tile_px)

    async def size(self, scope: Scope, slide: Slide) -> SlideSize:
        """How large it is, as its file says; opens it.

        Raises:
            SlideUnreadable: It cannot be read.
        """
        look = partial(self._size, scope.tenant, slide)
        return await anyio.to_thread.run_sync(look, limiter=self._pictures.limiter)

    async def tile(
        self, scope: Scope, slide: Slide, geometry: Pyramid, at: tuple[int, int, int]
    ) -> bytes:
        """A tile as JPEG.

        Args:
            scope: The tenant's.
            slide: The slide.
            geometry: How it is cut into tiles.
            at: Level, column, row.

        Raises:
            Problem: There is no such tile, or too many are being drawn.
            SlideUnreadable: The slide breaks there.
        """
        rect = rect_of(geometry, *at)
        if rect is None:
            raise not_found("tile")
        downsample = geometry.scale(at[0])
        make = partial(self._draw, scope.tenant, slide, downsample, rect)
        return await self._pictures.get(
            (scope.id, slide.id, slide.version, geometry.tile_px, at), make
        )

    async def thumbnail(self, scope: Scope, slide: Slide) -> bytes:
        """The slide as one small JPEG.

        Raises:
            Problem: Too many are being drawn.
            SlideUnreadable: The slide breaks somewhere.
        """
        geometry = await self.geometry(scope, slide)
        level = next(
            level
            for level in reversed(range(geometry.levels))
            if max(geometry.level_size(level)) <= THUMBNAIL_PX
        )
        rect = Rect(0, 0, *geometry.level_size(level))
        make = partial(self._draw, scope.tenant, slide, geometry.scale(level), rect)
        return await self._pictures.get((scope.id, slide.id, slide.version, "thumbnail"), make)

    async def close(self) -> None:
        """Wait for what is being drawn, and close the slides."""
        await self._pictures.close()
        await anyio.to_thread.run_sync(self._pool.close)

    def _draw(self, tenant: Tenant, slide: Slide, downsample: int, rect: Rect) -> bytes:
        with self._pool.use(tenant, slide) as opened:
            try:
                pixels = draw(opened, downsample, rect, self._most_source_px)
            except ParametersUnusable as error:
                raise Problem(422, "slide_without_levels", str(error)) from error
        return to_jpeg(pixels, _QUALITY)

    def _size(self, tenant: Tenant, slide: Slide) -> SlideSize:
        with self._pool.use(tenant, slide) as opened:
            levels, mpp = len(opened.levels), opened.mpp.said_mean
            return SlideSize(opened.width_px, opened.height_px, levels, mpp)


def etag(scope: Scope, slide: Slide, *what: object) -> str:
    """The tag of a picture: another content of the slide, another tag."""
    whole = repr((scope.id, slide.id, slide.version, _QUALITY, *what))
    return f'"{hashlib.sha256(whole.encode()).hexdigest()[:32]}"'


@asynccontextmanager
async def open_viewer(settings: GatewaySettings) -> AsyncIterator[Viewer]:
    """The viewer's pictures, for as long as the door is open."""
    viewer = Viewer(settings)
    try:
        yield viewer
    finally:
        await viewer.close()
