"""A slide in one request."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.requests import ClientDisconnect

from gateway.limits import limited
from gateway.problems import Problem
from gateway.scope import TenantScope
from gateway.slides.ids import new_id
from gateway.slides.out import SlideOut, slide_out
from gateway.uploads.desk import Desk, Told
from gateway.uploads.patience import PatientRoute
from gateway.uploads.staging import Staged
from gateway.uploads.writing import Writer
from slideloom.slides.pixel_size import MAX_MPP, MIN_MPP

router = APIRouter(tags=["slides"], route_class=PatientRoute)

MAX_NAME = 1000
_SHA256 = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")
_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}

Mpp = Annotated[float | None, Query(ge=MIN_MPP, le=MAX_MPP, description="µm per pixel, if known.")]
Label = Annotated[str, Query(max_length=MAX_NAME, description="What the file is called.")]
Digest = Annotated[
    str | None,
    Query(pattern=r"^[0-9a-f]{64}$", description="SHA-256 that the file must have, in hex."),
]


@router.post(
    "/upload",
    status_code=201,
    openapi_extra={"requestBody": _BODY},
    dependencies=[Depends(limited("uploads"))],
)
async def upload_slide(
    request: Request,
    response: Response,
    scope: TenantScope,
    label: Label = "slide",
    sha256: Digest = None,
    mpp: Mpp = None,
) -> SlideOut:
    """Upload a slide as the request's body; it is looked at before it is accepted.

    The header `Repr-Digest` (RFC 9530) may give the SHA-256 instead.
    """
    desk: Desk = request.app.state.desk
    told = Told(label, sha256 or _digest(request.headers.get("repr-digest", "")), mpp)
    staged, most_bytes = await desk.begin(scope, new_id(), told, _declared(request))
    try:
        found = await _receive(request.stream(), staged, most_bytes)
        slide = await desk.accept(scope, staged, told, found)
    finally:
        await asyncio.to_thread(staged.remove)
    response.headers["Location"] = f"{request.url.path.removesuffix('/upload')}/slides/{slide.id}"
    return slide_out(slide)


async def _receive(stream: AsyncIterator[bytes], staged: Staged, most_bytes: int) -> str:
    """Write what comes; its SHA-256 in hex."""
    try:
        with Writer(staged, most_bytes) as writer:
            async for chunk in stream:
                await writer.add(chunk)
            await writer.flush()
            return writer.sha256
    except ClientDisconnect as error:
        raise Problem(400, "upload_cut", "the upload ended too early: send it again") from error


def _declared(request: Request) -> int | None:
    """The body's length, if it is said."""
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None


def _digest(header: str) -> str | None:
    """The SHA-256 in a `Repr-Digest`, in hex; other digests are not looked at."""
    found = _SHA256.search(header)
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True).hex()
    except binascii.Error as error:
        raise Problem(400, "digest_unusable", "Repr-Digest holds no base64") from error
