"""How much a request may bring: counted as it comes, whatever its header says."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import MEDIA_TYPE, Problem, body_of
from slideloom.scheduling.text import MAX_BYTES


class BodyLimit:
    """Refuses bodies that are too long before they fill the memory; uploads count their own.

    Args:
        app: What is behind.
        streamed: Beginnings of the paths whose bodies are streamed.
        most: Bytes of any other body; a workflow is the largest.
    """

    def __init__(self, app: ASGIApp, streamed: tuple[str, ...], most: int = MAX_BYTES) -> None:
        """Nothing has come yet."""
        self._app, self._streamed, self._most = app, streamed, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes."""
        if scope["type"] != "http" or scope["path"].startswith(self._streamed):
            await self._app(scope, receive, send)
            return
        body = await self._read(receive)
        if body is None:
            await _refuse(send, self._most)
            return
        waiting = [body]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    async def _read(self, receive: Receive) -> Message | None:
        """All of the body as one message, or that the client has gone; None: it is too long."""
        content = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            content += message.get("body", b"")
            if len(content) > self._most:
                return None
            if not message.get("more_body"):
                return {"type": "http.request", "body": bytes(content), "more_body": False}


async def _refuse(send: Send, most: int) -> None:
    detail = f"a request may bring at most {most} bytes here: send less at a time"
    said = body_of(Problem(413, "too_large", detail))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": said.model_dump_json().encode()})
