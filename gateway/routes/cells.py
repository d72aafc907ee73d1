"""The cells in a box, for hover and click."""

from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway.body import Body
from gateway.parameters import JobId
from gateway.scope import TenantScope
from gateway.viewer.answers import headers_of, tag_of, unchanged
from gateway.viewer.boxes import parse_box
from gateway.viewer.room import ViewerRoom
from gateway.viewer.shown import Shown
from slideloom.viewer.cellset import Box

router = APIRouter(tags=["viewer"])
MOST_CELLS = 2000
_ZOOM_IN = f"more than {MOST_CELLS} cells are in this box: zoom in to see each"


class CellOut(Body):
    """One cell."""

    id: str = Field(description="Its UUID, as in `cells.parquet`.")
    centroid: tuple[float, float] = Field(description="x and y, level-0 pixels.")
    outline: list[float] = Field(description="x, y, x, y, ... of its corners, level-0 pixels.")
    area_um2: float = Field(description="Area, µm².")
    perimeter_um: float = Field(description="Perimeter, µm.")
    major_axis_um: float = Field(description="Major axis of its ellipse, µm.")
    minor_axis_um: float = Field(description="Minor axis, µm.")
    eccentricity: float = Field(description="Of that ellipse; 0 for a circle.")
    solidity: float = Field(description="Area over that of the convex hull.")
    haematoxylin_od: float = Field(description="Mean optical density of haematoxylin.")
    eosin_od: float = Field(description="Mean optical density of eosin.")
    dab_od: float = Field(description="Mean optical density of DAB.")
    clipped: bool = Field(description="No tile saw it whole.")
    rescued: bool = Field(description="It was taken from a neighbour of its owner.")


class CellsOut(Body):
    """The cells whose bounding box meets a box."""

    provisional: bool = Field(description="The job is not finished: there may be more, or others.")
    total: int = Field(description="So many cells meet the box.")
    truncated: bool = Field(description="There are more than are told: some, evenly chosen.")
    advice: str | None = Field(description="What to do to see all of them; none: all are here.")
    cells: list[CellOut] = Field(description=f"At most {MOST_CELLS} cells.")


@router.get("/jobs/{job}/cells", response_class=Response, responses={200: {"model": CellsOut}})
async def cells_in_box(
    job: JobId,
    bbox: Annotated[
        str, Query(max_length=100, description="`x0,y0,x1,y1`, level-0 pixels, edges included.")
    ],
    scope: TenantScope,
    request: Request,
    room: ViewerRoom,
) -> Response:
    """The cells in a box, with outlines and measures; while the job runs, those found so far."""
    box = parse_box(bbox)
    shown = await room.gallery.shown(scope, job)
    tag = tag_of(shown, "_".join(f"{side:.2f}" for side in box))
    if same := unchanged(request, shown, tag):
        return same
    content = await room.desk.do(scope.id, partial(_told, shown, box))
    return Response(content, headers=headers_of(shown, tag), media_type="application/json")


def _told(shown: Shown, box: Box) -> bytes:
    """The answer; made in a thread, as it may be long. Its shape is that of `CellsOut`."""
    total, cells = shown.cells.described(box, MOST_CELLS)
    truncated = total > len(cells)
    answer: dict[str, Any] = {
        "provisional": shown.provisional,
        "total": total,
        "truncated": truncated,
        "advice": _ZOOM_IN if truncated else None,
        "cells": cells,
    }
    return orjson.dumps(answer)
