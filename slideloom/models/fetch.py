"""Downloads with a size limit and time-outs, through the standard library.

`urllib` rather than `httpx` or `requests`: the core must not depend on what Prefect or InstanSeg
happen to bring, and a streamed GET needs no more.
"""

import http.client
import time
from dataclasses import dataclass
from typing import IO
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from slideloom.errors import ModelUnavailable

_CHUNK = 1 << 18
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long: bytes, seconds for one socket operation, seconds for everything."""

    size_bytes: int = 1 << 29
    socket_s: float = 30.0
    total_s: float = 1800.0


def download(url: str, limits: Limits) -> bytes:
    """The body at `url`.

    Raises:
        ModelUnavailable: No https (http is for this machine only), not there, too large, too slow,
            or cut short.
    """
    _check(url)
    request = Request(url, headers={"User-Agent": "slideloom"})  # noqa: S310, checked above
    opener = build_opener(_CheckedRedirects)
    try:
        with opener.open(request, timeout=limits.socket_s) as response:
            return _body(response, limits, url)
    except (URLError, OSError, http.client.HTTPException) as error:
        raise ModelUnavailable(
            f"could not fetch {url} ({error}): try again, or fetch it yourself and give the file "
            "with --file"
        ) from error


def _body(response: http.client.HTTPResponse, limits: Limits, url: str) -> bytes:
    """All of it, while it stays within the limits."""
    stated = int(response.headers.get("Content-Length") or -1)
    end = time.monotonic() + limits.total_s
    parts: list[bytes] = []
    length = 0
    while chunk := response.read(_CHUNK):
        parts.append(chunk)
        length += len(chunk)
        if max(length, stated) > limits.size_bytes:
            raise ModelUnavailable(f"{url} is larger than the limit of {limits.size_bytes} bytes")
        if time.monotonic() > end:
            raise ModelUnavailable(f"{url} took longer than {limits.total_s:.0f} s")
    if stated >= 0 and length != stated:
        raise ModelUnavailable(f"{url} broke off after {length} of {stated} bytes: try again")
    return b"".join(parts)


def _check(url: str) -> None:
    """A model runs code: nobody on the way may have changed it."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise ModelUnavailable(f"{url}: models are fetched over https only")


class _CheckedRedirects(HTTPRedirectHandler):
    """Follows redirects (release files are served through one), never away from https."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """As the base class, after the check of the new address."""
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
