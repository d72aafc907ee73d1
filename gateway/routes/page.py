"""The page, at the addresses that its views have; whoever opens it signs in there."""

from collections.abc import Callable

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from gateway.built import Built, Held
from gateway.problems import not_found
from gateway.ranges import names_tag

router = APIRouter(include_in_schema=False)

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Swagger UI writes styles into its elements."""
_GUARDED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_ASKED_EACH_TIME = "no-cache"
_NEVER_CHANGES = "public, max-age=31536000, immutable"
_MISSING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>slideloom: the page is not built</title></head>
<body><h1>The page is not built yet</h1>
<p>Run <code>make page</code> where slideloom was installed from, then load this again.
The <a href="/api/v1/openapi.json">REST API</a> works without the page.</p></body></html>
"""

_READS = ["GET", "HEAD"]


@router.api_route("/", methods=_READS)
@router.api_route("/slides", methods=_READS)
@router.api_route("/compose", methods=_READS)
@router.api_route("/workflows", methods=_READS)
@router.api_route("/workflows/{workflow}", methods=_READS)
@router.api_route("/jobs/{job}/look", methods=_READS)
async def page(request: Request) -> Response:
    """The page; it finds out by its address what to show."""
    return await _html(request, _built(request).index)


@router.api_route("/docs", methods=_READS)
async def docs(request: Request) -> Response:
    """The REST API, to be read and tried."""
    answer = await _html(request, _built(request).docs)
    answer.headers["Content-Security-Policy"] = DOCS_POLICY
    return answer


@router.api_route("/favicon.svg", methods=_READS)
async def icon(request: Request) -> Response:
    """The page's icon."""
    return await _file(request, _built(request).icon, _ASKED_EACH_TIME)


@router.api_route("/assets/{name}", methods=_READS)
async def asset(request: Request, name: str) -> Response:
    """A part of the page, named after its content."""
    built = _built(request)
    return await _file(request, lambda: built.asset(name), _NEVER_CHANGES)


async def _html(request: Request, read: Callable[[], Held | None]) -> Response:
    found = await run_sync(read)
    if found is None:
        return Response(_MISSING, 503, _GUARDED, "text/html; charset=utf-8")
    return _sent(request, found, _ASKED_EACH_TIME)


async def _file(request: Request, read: Callable[[], Held | None], keep: str) -> Response:
    found = await run_sync(read)
    if found is None:
        raise not_found("file")
    return _sent(request, found, keep)


def _sent(request: Request, file: Held, keep: str) -> Response:
    headers = {**_GUARDED, "ETag": file.tag, "Cache-Control": keep, "Vary": "Accept-Encoding"}
    if names_tag(request.headers.get("if-none-match"), file.tag):
        return Response(status_code=304, headers=headers)
    content = file.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"], content = "gzip", file.packed
    return Response(content, headers=headers, media_type=file.media_type)


def _built(request: Request) -> Built:
    built: Built = request.app.state.page
    return built
