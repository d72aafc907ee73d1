"""Results: what there is, and each file of it, whole or in pieces."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from gateway.body import Body
from gateway.parameters import JobId
from gateway.problems import Problem
from gateway.ranges import NoSuchBytes, Piece, names_tag, piece_of
from gateway.results import ListedFile, Result, Results
from gateway.scope import TenantScope

router = APIRouter(prefix="/jobs/{job}/result", tags=["results"])

_TYPES = {
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".gz": "application/gzip",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
_OTHER = "application/octet-stream"
_GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-cache",
}


class FileOut(Body):
    """A file of a result."""

    name: str = Field(description="Its name.")
    bytes: int = Field(ge=0, description="Its length.")
    sha256: str = Field(description="SHA-256 of its content, as hex digits; also its ETag.")
    media_type: str = Field(description="What is in it.")
    href: str = Field(description="Where it is to be had, on this server.")


class ResultOut(Body):
    """A finished result: it does not change any more."""

    job: str = Field(description="Id of the job.")
    kind: str = Field(description="Kind of the job.")
    files: list[FileOut] = Field(description="Its files, by name.")


Name = Annotated[str, Path(max_length=255, description="Name of a file that the result lists.")]


@router.get("")
async def get_result(job: JobId, request: Request, scope: TenantScope) -> ResultOut:
    """What a job has made; 404 with the code `not_finished` until it has been committed."""
    results: Results = request.app.state.results
    found = await results.find(scope, job)
    files = [_shown(listed, request.url.path) for listed in found.manifest.files]
    return ResultOut(job=found.job, kind=found.kind, files=files)


def _shown(listed: ListedFile, at: str) -> FileOut:
    href = f"{at}/{quote(listed.name)}"
    return FileOut(**listed.model_dump(), media_type=_media_type(listed.name), href=href)


def _media_type(name: str) -> str:
    return next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), _OTHER)


_BYTES = {"schema": {"type": "string", "format": "binary", "description": "The content."}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"*/*": _BYTES}},
    206: {"description": "The range that was asked for.", "content": {"*/*": _BYTES}},
    304: {"description": "It is as the `ETag` in `If-None-Match` says.", "content": {}},
    416: {
        "description": "It has no such bytes; `Content-Range` says how many it has.",
    },
}


@router.head("/{name}", include_in_schema=False)
@router.get("/{name}", response_class=Response, responses=_ANSWERS)
async def get_result_file(
    job: JobId,
    name: Name,
    request: Request,
    scope: TenantScope,
    if_none_match: Annotated[
        str | None, Header(description="ETag of what you have: nothing is sent if it is the same.")
    ] = None,
    if_range: Annotated[str | None, Header(description="ETag of what you have a part of.")] = None,
    range_: Annotated[
        str | None, Header(alias="Range", description="One range of bytes, as `bytes=0-99`.")
    ] = None,
) -> Response:
    """A file of a result, or a range of it."""
    results: Results = request.app.state.results
    found = await results.find(scope, job)
    file = found.manifest.file(name)
    headers = _headers(file)
    if names_tag(if_none_match, file.etag):
        return Response(status_code=304, headers=headers)
    await results.check(found, file)
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(file.bytes)})
    try:
        piece = piece_of(range_ if if_range in {None, file.etag} else None, file.bytes)
    except NoSuchBytes:
        said = {"Content-Range": f"bytes */{file.bytes}"}
        detail = f"range: the file has {file.bytes} bytes"
        raise Problem(416, "no_such_bytes", detail, said) from None
    return _sent(results, found, file, piece, headers)


def _sent(
    results: Results,
    found: Result,
    file: ListedFile,
    piece: Piece | None,
    headers: dict[str, str],
) -> Response:
    sent = piece or Piece(0, file.bytes)
    headers = headers | {"Content-Length": str(sent.stop - sent.start)}
    if piece:
        headers["Content-Range"] = f"bytes {piece.start}-{piece.stop - 1}/{file.bytes}"
    return StreamingResponse(results.stream(found, file, sent), 206 if piece else 200, headers)


def _headers(file: ListedFile) -> dict[str, str]:
    return {
        **_GUARDED,
        "Content-Type": _media_type(file.name),
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "ETag": file.etag,
        "Accept-Ranges": "bytes",
    }
