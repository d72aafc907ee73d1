"""One socket, from its acceptance to its end."""

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.live.closing import Closing
from gateway.live.watcher import Closed, Watcher
from runs.ending import end

_FAREWELL_S = 1.0


async def serve(socket: WebSocket, watcher: Watcher, heartbeat_s: float, patience_s: float) -> None:
    """Send what there is to send until either side ends it.

    Args:
        socket: Accepted.
        watcher: What is to be sent.
        heartbeat_s: After so long without a message something is sent nevertheless.
        patience_s: A message that cannot be sent for so long ends the socket.
    """
    tasks = (
        asyncio.create_task(_hear(socket)),
        asyncio.create_task(_send(socket, watcher, heartbeat_s, patience_s)),
    )
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        closing = next(iter(done)).result()
    finally:
        await end(*tasks)
    if closing is not None:
        # Who does not read cannot be told; the connection is given up all the same.
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            await asyncio.wait_for(socket.close(closing.code, closing.reason), _FAREWELL_S)


async def _hear(socket: WebSocket) -> Closing | None:
    """Until the other side has gone, or has said anything at all."""
    message = await socket.receive()
    return None if message["type"] == "websocket.disconnect" else Closing.NOT_ASKED


async def _send(
    socket: WebSocket, watcher: Watcher, heartbeat_s: float, patience_s: float
) -> Closing | None:
    """Until there is nothing more to send, or it cannot be sent."""
    try:
        while True:
            text = await watcher.next(heartbeat_s)
            await asyncio.wait_for(socket.send_text(text), patience_s)
    except Closed as closed:
        return closed.closing
    except TimeoutError:
        return Closing.TOO_SLOW
    except WebSocketDisconnect:
        return None
