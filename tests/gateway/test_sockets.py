"""A reader that stands still is cut off."""

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketState

from gateway.live.closing import Closing
from gateway.live.sockets import serve
from gateway.live.watcher import Watcher


def test_what_is_not_read_for_long_ends_the_socket() -> None:
    sent: list[dict[str, Any]] = []

    async def main() -> None:
        never = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await never.wait()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(dict(message))
            if message["type"] == "websocket.send":
                await never.wait()

        socket = WebSocket({"type": "websocket"}, receive, send)
        socket.client_state = socket.application_state = WebSocketState.CONNECTED
        watcher = Watcher(None, 4, lambda _: '{"type":"snapshot"}')
        await serve(socket, watcher, heartbeat_s=60.0, patience_s=0.01)

    asyncio.run(main())
    assert sent[0]["text"] == '{"seq":1,"type":"snapshot"}'
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", Closing.TOO_SLOW.code)
