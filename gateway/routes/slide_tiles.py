"""Slides as pictures: Deep Zoom tiles and thumbnails."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from gateway.problems import not_found
from gateway.ranges import names_tag
from gateway.routes.slides import SlideId
from gateway.scope import TenantScope
from gateway.slides import find_slide
from gateway.tiles import Viewer, etag

router = APIRouter(tags=["viewer"])

_KEPT = {"Cache-Control": "private, max-age=3600"}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "As you have it."},
}
_XML: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/xml": {"schema": {"type": "string"}}}},
    304: {"description": "As you have it."},
}
_MOST = 10_000_000
Level = Annotated[int, Path(ge=0, le=_MOST, description="The level; 0 is one pixel.")]
Column = Annotated[int, Path(ge=0, le=_MOST, description="The tile's column, from 0.")]
Row = Annotated[int, Path(ge=0, le=_MOST, description="The tile's row, from 0.")]
TileSide = Annotated[
    int, Query(ge=256, le=512, multiple_of=256, description="Side of a tile in px: 256 or 512.")
]


@router.get("/slides/{slide_id}/thumbnail", response_class=Response, responses=_JPEG)
async def get_thumbnail(request: Request, scope: TenantScope, slide_id: SlideId) -> Response:
    """The slide as a JPEG of at most 512 px."""
    slide = await find_slide(scope, slide_id)
    tag = etag(scope, slide, "thumbnail")
    if known := _known(request, tag):
        return known
    return _picture(await _viewer(request).thumbnail(scope, slide), tag)


@router.get("/slides/{slide_id}/tiles/slide.dzi", response_class=Response, responses=_XML)
async def get_descriptor(
    request: Request, scope: TenantScope, slide_id: SlideId, tile: TileSide = 256
) -> Response:
    """How the slide is cut into tiles, as Deep Zoom viewers read it."""
    slide = await find_slide(scope, slide_id)
    tag = etag(scope, slide, "dzi", tile)
    if known := _known(request, tag):
        return known
    geometry = await _viewer(request).geometry(scope, slide, tile)
    return Response(
        geometry.dzi("jpeg"), media_type="application/xml", headers={**_KEPT, "ETag": tag}
    )


@router.get(
    "/slides/{slide_id}/tiles/{level}/{column}_{row}.jpeg",
    response_class=Response,
    responses=_JPEG,
)
async def get_tile(
    request: Request,
    scope: TenantScope,
    slide_id: SlideId,
    level: Level,
    column: Column,
    row: Row,
    tile: TileSide = 256,
) -> Response:
    """A tile of a level; level 0 is one pixel, the last the slide itself."""
    slide = await find_slide(scope, slide_id)
    at, viewer = (level, column, row), _viewer(request)
    geometry = await viewer.geometry(scope, slide, tile)
    if not geometry.has(*at):
        raise not_found("tile")
    tag = etag(scope, slide, tile, at)
    if known := _known(request, tag):
        return known
    return _picture(await viewer.tile(scope, slide, geometry, at), tag)


def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.app.state.slide_viewer
    return viewer


def _known(request: Request, tag: str) -> Response | None:
    """That nothing has changed, if that is so."""
    if not names_tag(request.headers.get("if-none-match"), tag):
        return None
    return Response(status_code=304, headers={**_KEPT, "ETag": tag})


def _picture(content: bytes, tag: str) -> Response:
    return Response(content, media_type="image/jpeg", headers={**_KEPT, "ETag": tag})
