"""Errors as tenants see them: problem details (RFC 9457), each with a code and what to do."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from prefect.exceptions import PrefectException
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.cleaning import cleaned
from runs.requests import AlreadyEnded, KeyTaken
from runs.views import RunUnknown
from slideloom.errors import BadInput, SlideloomError
from slideloom.scheduling.errors import RetryRefused
from slideloom.stores import StoreFailed

MEDIA_TYPE = "application/problem+json"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CONFLICTS = (AlreadyEnded, KeyTaken, RetryRefused)
_BUSY_S = 5
_log = logging.getLogger(__name__)
_BROKEN = "something broke on our side: tell the operator"


class ProblemOut(BaseModel):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str = Field("about:blank", description="Always `about:blank`: see `code`.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="What went wrong, for programs, such as `slide_unreadable`.")
    detail: str = Field(description="What went wrong and what to do, for people.")


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        code: What went wrong, for programs.
        detail: The same for people, with what to do.
        headers: More headers.
    """

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Not sent yet."""
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})


def not_found(what: str) -> Problem:
    """The same for what is not there and for what is another tenant's."""
    return Problem(404, "not_found", f"there is no such {what}")


def busy(detail: str, after_s: float = _BUSY_S) -> Problem:
    """It may work a little later."""
    return Problem(503, "unavailable", detail, {"Retry-After": str(max(1, round(after_s)))})


def body_of(problem: Problem) -> ProblemOut:
    """The problem as it is sent."""
    return ProblemOut(
        type="about:blank",
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
    )


def answer(problem: Problem) -> JSONResponse:
    """The problem as a response."""
    said = body_of(problem).model_dump()
    return JSONResponse(said, problem.status, problem.headers, MEDIA_TYPE)


def code_of(error: SlideloomError) -> str:
    """The error's class as programs read it: `SlideUnreadable` is `slide_unreadable`."""
    return code_named(type(error).__name__)


def code_named(name: str) -> str:
    """The same of a class that only its name is known of."""
    return _WORD.sub("_", name).lower()


def of_error(error: SlideloomError) -> Problem:
    """What an error of ours is to a tenant."""
    if isinstance(error, RunUnknown):
        return Problem(404, "not_found", "there is no such workflow or job")
    if isinstance(error, StoreFailed):
        return busy("the store does not answer as it should: try again later")
    if isinstance(error, BadInput):
        status = 409 if isinstance(error, _CONFLICTS) else 422
        return Problem(status, code_of(error), cleaned(str(error)))
    return Problem(500, code_of(error), _BROKEN)


def of_validation(errors: list[Any]) -> Problem:
    """What a request that does not fit its model is told: where, and what."""
    said = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors[:5]]
    return Problem(422, "request_unusable", "; ".join(said))


def of_anything(error: Exception) -> Problem:
    """What a tenant is told of whatever was raised; nothing of how things are done inside."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, SlideloomError):
        return of_error(error)
    if isinstance(error, RequestValidationError | WebSocketRequestValidationError):
        return of_validation(list(error.errors()))
    if isinstance(error, HTTPException):
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return Problem(error.status_code, code, str(error.detail), error.headers)
    if isinstance(error, httpx.HTTPError | PrefectException):
        return busy("the scheduler does not answer just now: try again later")
    return Problem(500, "internal", _BROKEN)


_KINDS: tuple[type[Exception], ...] = (
    Problem,
    SlideloomError,
    RequestValidationError,
    WebSocketRequestValidationError,
    HTTPException,
    httpx.HTTPError,
    PrefectException,
    Exception,
)


def handle_problems(app: FastAPI) -> None:
    """Turn everything that is raised into problem details; for a socket, instead of its opening."""

    async def handle(_: HTTPConnection, error: Exception) -> JSONResponse:
        problem = of_anything(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            trace = error if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR else None
            _log.warning("%s: %s", type(error).__name__, error, exc_info=trace)
        return answer(problem)

    for kind in _KINDS:
        app.add_exception_handler(kind, handle)
