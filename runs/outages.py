"""Requests that outlast a restart of the server or of its database."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

_LOG = logging.getLogger("prefect.worker.warm")
_AGAIN_S = 1.0
_FIRST_SERVER_ERROR = 500
_PATIENCE_CODES = {408, 429}

PATIENCE_S = 600.0
"""How long a run's end is kept for a server that is away."""

T = TypeVar("T")


def is_outage(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, httpx.HTTPStatusError):
        code = error.response.status_code
        return code >= _FIRST_SERVER_ERROR or code in _PATIENCE_CODES
    return isinstance(error, httpx.TransportError)


async def outlast(call: Callable[[], Awaitable[T]], patience_s: float = PATIENCE_S) -> T:
    """What `call` returns, tried again while the server is away.

    Raises:
        httpx.HTTPError: The server refused, or was away for longer than `patience_s`.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return await call()
        except httpx.HTTPError as error:
            pause_or_raise(error, deadline)
            await asyncio.sleep(_AGAIN_S)


def outlast_sync(call: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """The same for blocking calls.

    Raises:
        httpx.HTTPError: The server refused, or was away for longer than `patience_s`.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return call()
        except httpx.HTTPError as error:
            pause_or_raise(error, deadline)
            time.sleep(_AGAIN_S)


def pause_or_raise(error: httpx.HTTPError, deadline: float) -> None:
    """Say that the server is away.

    Raises:
        httpx.HTTPError: The error, where waiting does not help or has been long enough.
    """
    if not is_outage(error) or time.monotonic() > deadline:
        raise error
    _LOG.info("Prefect's server does not answer (%s); trying again.", type(error).__name__)
