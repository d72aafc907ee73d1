"""Uploads that can be cut and taken up again, by the tus protocol (https://tus.io, 1.0.0).

The library's routes, behind a guard of ours: who asks is known before any byte is read, and what
the library offers beyond what is needed is switched off (docs/decisions/0018-uploads.md).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from tuspyserver import create_tus_router

from gateway.problems import Problem, not_found
from gateway.rates import Limits
from gateway.scope import TenantScope
from gateway.slides.ids import is_uploaded, new_id
from gateway.uploads.desk import Desk
from gateway.uploads.patience import PatientRoute
from gateway.uploads.resumable import StagedStorage, Visit, begin, complete, visit

TUS = "1.0.0"
_PREFIX = "uploads"
_BODY_TYPE = "application/offset+octet-stream"
_UNBOUNDED = 1 << 62
"""Bounds are the desk's and the writer's, who know the tenant."""
_NEVER_DAYS = 36_500
"""What is left behind the desk sweeps."""


class TusRoute(PatientRoute):
    """A route of the library that names no host, which it would take from the request's headers."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """See `APIRoute`."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await handler(request)
            if "upload-expires" in response.headers:
                del response.headers["upload-expires"]
            if "location" in response.headers:
                upload = response.headers["location"].rpartition("/")[2]
                response.headers["location"] = f"{request.url.path.rstrip('/')}/{upload}"
            return response

        return handle


async def guard(request: Request, scope: TenantScope) -> None:
    """Before the library: who asks, about which upload, and nothing that is switched off."""
    desk: Desk = request.app.state.desk
    if request.method == "OPTIONS":
        return
    if request.headers.get("tus-resumable") != TUS:
        raise Problem(412, "tus_version", f"speak tus {TUS}", {"Tus-Version": TUS})
    if request.method == "POST":
        _check_creation(request)
        limits: Limits = request.app.state.limits
        limits.count("uploads", scope.id, request)
        visit.set(Visit(desk, scope, new_id()))
        return
    upload = str(request.path_params.get("uuid", ""))
    if not is_uploaded(upload):
        raise not_found("upload")
    if request.method == "PATCH":
        _check_piece(request)
    visit.set(Visit(desk, scope, upload))


def _check_creation(request: Request) -> None:
    given = request.headers
    for name in ("upload-concat", "upload-defer-length"):
        if name in given:
            raise Problem(400, "not_offered", f"{name} is not offered: state Upload-Length")
    if given.get("content-length", "0") != "0" or "transfer-encoding" in given:
        raise Problem(400, "not_offered", "create without a body, then send it with PATCH")
    stated = given.get("upload-length", "")
    if not (stated.isascii() and stated.isdigit() and 0 < len(stated) < 19 and int(stated) > 0):
        raise Problem(400, "length_needed", "Upload-Length must be the file's size in bytes")


def _check_piece(request: Request) -> None:
    given = request.headers
    if given.get("content-type") != _BODY_TYPE:
        raise Problem(415, "content_type", f"send pieces as {_BODY_TYPE}")
    if "content-length" not in given:
        raise Problem(411, "length_needed", "a piece needs a Content-Length")
    stated = given.get("upload-offset", "")
    if not (stated.isascii() and stated.isdigit() and len(stated) < 19):
        raise Problem(400, "offset_needed", "Upload-Offset must be how many bytes have come")


async def _before_creation() -> Any:
    return begin


async def _when_complete() -> Any:
    return complete


async def _place() -> Any:
    return lambda _: {"uid": visit.get().upload}


def _of_library() -> list[APIRoute]:
    library = create_tus_router(
        prefix=_PREFIX,
        files_dir="",
        max_size=_UNBOUNDED,
        days_to_keep=_NEVER_DAYS,
        upload_complete_dep=_when_complete,  # type: ignore[arg-type]  # may be a coroutine
        pre_create_dep=_before_creation,  # type: ignore[arg-type]
        file_dep=_place,  # type: ignore[arg-type]
        storage=StagedStorage(),
    )
    return [route for route in library.routes if isinstance(route, APIRoute)]


router = APIRouter(
    prefix=f"/{_PREFIX}",
    tags=["slides"],
    dependencies=[Depends(guard)],
    route_class=TusRoute,
    include_in_schema=False,  # a protocol with clients of its own
)
for _route in _of_library():
    if _route.methods != {"OPTIONS"}:
        router.add_api_route(
            _route.path.removeprefix(f"/{_PREFIX}"),
            _route.endpoint,
            methods=sorted(_route.methods or ()),
            status_code=_route.status_code,
        )


@router.options("", status_code=204)
@router.options("/", status_code=204)
async def offered(request: Request) -> Response:
    """What of tus is offered."""
    headers = {
        "Tus-Resumable": TUS,
        "Tus-Version": TUS,
        "Tus-Extension": "creation,termination",
        "Tus-Max-Size": str(request.app.state.settings.max_upload_bytes),
    }
    return Response(status_code=204, headers=headers)
