"""The layer of cells over a slide, as tiles for deep zoom: outlines when near, density when far."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from gateway.parameters import JobId
from gateway.problems import not_found
from gateway.scope import TenantScope
from gateway.viewer.answers import headers_of, tag_of, unchanged
from gateway.viewer.room import ViewerRoom
from slideloom.viewer.overlay import draw_tile

router = APIRouter(tags=["viewer"])
_PNG = "image/png"
_ANY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/jobs/{job}/overlay/overlay.dzi",
    response_class=Response,
    responses={200: {"content": {"application/xml": {"schema": {"type": "string"}}}}},
)
async def overlay_description(
    job: JobId, scope: TenantScope, request: Request, room: ViewerRoom
) -> Response:
    """Size and tiles of the layer, in Deep Zoom's format; those of the slide's own tiles."""
    shown = await room.gallery.shown(scope, job)
    pyramid, tag = shown.pyramid, tag_of(shown, "dzi")
    content = pyramid.dzi("png")
    return unchanged(request, shown, tag) or Response(
        content, headers=headers_of(shown, tag), media_type="application/xml"
    )


@router.get(
    "/jobs/{job}/overlay/{level}/{x}_{y}.png",
    response_class=Response,
    responses={200: {"content": {_PNG: _ANY}}},
)
# Where viewers look that know only where the description is.
@router.get(
    "/jobs/{job}/overlay/overlay_files/{level}/{x}_{y}.png",
    response_class=Response,
    include_in_schema=False,
)
async def overlay_tile(
    job: JobId,
    level: Annotated[int, Path(description="Level: the last is the slide's own resolution.")],
    x: Annotated[int, Path(description="Column of the tile.")],
    y: Annotated[int, Path(description="Row of the tile.")],
    scope: TenantScope,
    request: Request,
    room: ViewerRoom,
) -> Response:
    """A tile of the layer: transparent PNG; while the job runs, with the cells found so far."""
    shown = await room.gallery.shown(scope, job)
    pyramid, shape = shown.pyramid, shown.known_shape
    if not pyramid.has(level, x, y):
        raise not_found("tile")
    tag = tag_of(shown, f"{level}-{x}-{y}")
    if same := unchanged(request, shown, tag):
        return same
    draw = partial(draw_tile, shown.cells, pyramid, shape.mpp, level, x, y)
    content = await room.tile(scope.id, tag, draw)
    return Response(content, headers=headers_of(shown, tag), media_type=_PNG)
