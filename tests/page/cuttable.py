"""A line between browser and door that can be held, cut and mended."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


class Line:
    """Passes bytes on, as long as it is whole.

    Args:
        port: Where the door listens on loopback.
    """

    def __init__(self, port: int) -> None:
        self._door = port
        self._open: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self.port = 0

    def cut(self) -> None:
        """End what is open; nobody gets through any more."""
        self._do(self._close())

    def mend(self) -> None:
        """At the same place as before."""
        self._do(self._listen())

    def hold(self) -> None:
        """What is sent to the door waits on its way."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def release(self) -> None:
        """It goes on."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._door)
        self._open |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back, True), self._pass(there, writer, False))
        finally:
            self._open -= {writer, back}
            for each in (writer, back):
                each.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, holds: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while content := await source.read(65536):
                if holds:
                    await self._flowing.wait()
                sink.write(content)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()

    async def _end(self) -> None:
        await self._close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def run(self) -> None:
        """Until `stop`."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def stop(self) -> None:
        """For good."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to a door on loopback while the block runs."""
    line = Line(port)
    thread = threading.Thread(target=line.run, name="line")
    thread.start()
    try:
        line.mend()
        yield line
    finally:
        line.stop()
        thread.join()
        line._loop.close()
