"""Around every request: its id, one log line, its count, and the last resort for what breaks."""

import logging
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.json_lines import REQUEST_ID
from gateway.metrics import count_request, known_method
from gateway.problems import answer, of_anything

UNMATCHED = "unmatched"
_log = logging.getLogger(__name__)
_HEADS = frozenset({"http.response.start", "websocket.http.response.start"})
_ABOUT = ("workflow", "job")


class Logged:
    """ASGI middleware; the log says nothing that the caller could have put a secret into.

    No path, query, header or body is written: the route's template, and of what is in the path only
    ids of workflows and jobs that are ids.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Around this."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        token = REQUEST_ID.set(uuid4().hex)
        try:
            await _Exchange(scope, send).run(self._app, receive)
        finally:
            REQUEST_ID.reset(token)


class _Exchange:
    """One request, or one web socket."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._began_s = time.perf_counter()
        self._status = 0
        self._is_http = scope["type"] == "http"
        scope.setdefault("state", {})

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self._sent)
        except Exception as error:
            _log.exception("broke", extra={"fields": self._fields()})
            if self._status or not self._is_http:
                raise
            await answer(of_anything(error))(self._scope, receive, self._sent)
        finally:
            self._end()

    async def _sent(self, message: Message) -> None:
        if message["type"] in _HEADS:
            self._status = message["status"]
            more = {**self._headers(), "X-Request-Id": REQUEST_ID.get()}
            told = [(name.lower().encode(), value.encode()) for name, value in more.items()]
            message = {**message, "headers": [*message.get("headers", ()), *told]}
        elif message["type"] == "websocket.close":
            self._status = message.get("code", 0)
        await self._send(message)

    def _headers(self) -> Mapping[str, str]:
        """What the limits have to say (`gateway.rates`), whatever kind of answer it becomes."""
        found: Mapping[str, str] = self._scope["state"].get("answer_headers", {})
        return found

    def _end(self) -> None:
        seconds = time.perf_counter() - self._began_s
        fields = self._fields()
        if self._is_http:
            count_request(fields["method"], fields["route"], self._status, seconds)
        fields |= {"status": self._status, "duration_ms": round(1000 * seconds, 1)}
        _log.info("answered", extra={"fields": fields})

    def _fields(self) -> dict[str, Any]:
        """What is known of it by now."""
        state, path = self._scope["state"], self._scope.get("path_params") or {}
        fields = {
            "method": known_method(self._scope["method"]) if self._is_http else "WEBSOCKET",
            "route": template(self._scope),
            "tenant": state.get("tenant"),
            "key": state.get("key_id"),
        }
        about = {name: _id(path.get(name, path.get(f"{name}_id"))) for name in _ABOUT}
        return fields | {name: found for name, found in about.items() if found}


def template(scope: Scope) -> str:
    """The route as it is written in the code, such as `/api/v1/jobs/{job}`."""
    # An included route knows only its own part of the path; of sockets it is the other way round.
    included = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(included, "path", "") or getattr(scope.get("route"), "path", "")
    return str(path) or UNMATCHED


def _id(value: object) -> str | None:
    """An id; None where somebody wrote something else in its place."""
    try:
        return str(UUID(str(value))) if value else None
    except ValueError:
        return None
