"""Bodies that stop coming: a connection that is gone without a word must not hold an upload."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive


class PatientRoute(APIRoute):
    """A route that takes a body which stops for too long as cut off."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """See `APIRoute`."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            idle_s: float = request.app.state.settings.upload_idle_s
            return await handler(Request(request.scope, _patient(request.receive, idle_s)))

        return handle


def _patient(receive: Receive, idle_s: float) -> Receive:
    async def wait() -> Message:
        try:
            async with asyncio.timeout(idle_s):
                return await receive()
        except TimeoutError:
            gone: dict[str, Any] = {"type": "http.disconnect"}
            return gone

    return wait
