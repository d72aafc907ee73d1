"""The tenant's slides."""

import asyncio
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from gateway.body import Body
from gateway.problems import Problem
from gateway.scope import Scope, TenantScope
from gateway.slides import Slide, find_slide, list_slides, slide_named
from gateway.slides.cards import Card, clean_label, remove_upload, write_card
from gateway.slides.out import SlideOut, SlidesOut, slide_out
from gateway.slides.use import is_in_use
from gateway.tiles import Viewer
from slideloom.errors import BadInput
from slideloom.slides.pixel_size import MAX_MPP, MIN_MPP

router = APIRouter(tags=["slides"])

SlideId = Annotated[str, Path(max_length=1500, description="Id of a slide.")]


class SlideIn(Body):
    """What can be changed of an uploaded slide; what is left out stays."""

    label: str | None = Field(None, max_length=1000, description="Its name for people.")
    mpp: float | None = Field(
        None,
        ge=MIN_MPP,
        le=MAX_MPP,
        allow_inf_nan=False,
        description="µm per pixel of level 0, which counts instead of the file's; null: as there.",
    )


@router.get("/slides")
async def get_slides(
    scope: TenantScope,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1500, description="`next` of the page before.")
    ] = None,
    path: Annotated[
        str | None, Query(max_length=1500, description="Only the one that a job names so.")
    ] = None,
) -> SlidesOut:
    """Slides: uploads, the newest first, then those that lie in your folder by name."""
    if path is not None:
        named = await slide_named(scope, path)
        return SlidesOut(items=[slide_out(named)] if named else [], next=None)
    slides, more = await list_slides(scope, cursor, limit)
    return SlidesOut(
        items=[slide_out(slide) for slide in slides],
        next=slides[-1].id if more and slides else None,
    )


@router.get("/slides/{slide_id}")
async def get_slide(scope: TenantScope, slide_id: SlideId, request: Request) -> SlideOut:
    """A slide; one that was not uploaded is opened to say how large it is."""
    slide = await find_slide(scope, slide_id)
    out = slide_out(slide)
    viewer = request.app.state.slide_viewer
    return out if slide.card else await _looked_at(viewer, scope, slide, out)


@router.patch("/slides/{slide_id}")
async def change_slide(scope: TenantScope, slide_id: SlideId, given: SlideIn) -> SlideOut:
    """State the pixel size of an uploaded slide, or name it otherwise."""
    card = _card(await find_slide(scope, slide_id))
    changes: dict[str, object] = {}
    if given.label is not None:
        changes["label"] = clean_label(given.label)
    if "mpp" in given.model_fields_set:
        changes["stated_mpp"] = given.mpp
    await asyncio.to_thread(write_card, scope.tenant.slide_store, card.model_copy(update=changes))
    return slide_out(await find_slide(scope, slide_id))


@router.delete("/slides/{slide_id}", status_code=204)
async def delete_slide(scope: TenantScope, slide_id: SlideId) -> Response:
    """Delete an uploaded slide that no open workflow names; results stay."""
    card = _card(await find_slide(scope, slide_id))
    if await is_in_use(scope, card.path):
        detail = "a workflow that has not ended names this slide: wait for it, or cancel it"
        raise Problem(409, "slide_in_use", detail)
    await asyncio.to_thread(remove_upload, scope.tenant.slide_store, card.id)
    return Response(status_code=204)


def _card(slide: Slide) -> Card:
    """Of a slide that may be changed.

    Raises:
        Problem: It was not uploaded.
    """
    if slide.card is None:
        raise Problem(
            409,
            "slide_not_uploaded",
            "this slide was not uploaded here, so it can only be changed where it lies; state its "
            "pixel size in the workflow (mpp)",
        )
    return slide.card


async def _looked_at(viewer: Viewer, scope: Scope, slide: Slide, out: SlideOut) -> SlideOut:
    """With its size and its pixels' size, if it can be opened."""
    try:
        size = await viewer.size(scope, slide)
    except BadInput:
        return out
    return out.model_copy(update=asdict(size))
