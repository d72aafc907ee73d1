"""One socket's share of what is told: bounded, and true even where its reader is slow."""

import asyncio
from collections import deque
from collections.abc import Callable

from gateway.live.closing import Closing
from gateway.live.differences import News
from gateway.live.messages import Heartbeat, body_of, numbered

_HEARTBEAT = body_of(Heartbeat())


class Closed(Exception):
    """Nothing more is to be sent.

    Args:
        closing: How the socket is to be closed.
    """

    def __init__(self, closing: Closing) -> None:
        """Not closed yet."""
        super().__init__(closing.reason)
        self.closing = closing


class Watcher:
    """What one socket has still to be sent.

    Args:
        job: Only this job; None: its whole workflow.
        room: Messages that may wait; beyond that one snapshot takes their place.
        snapshot: Makes one, as it is now; its argument says whether messages were left out.
    """

    def __init__(self, job: str | None, room: int, snapshot: Callable[[bool], str]) -> None:
        """The first message is a snapshot."""
        self.job, self._most, self._snapshot = job, room, snapshot
        self._waiting: deque[str] = deque()
        self._behind, self._left_out = True, False
        self._closing: Closing | None = None
        self._seq = 0
        self._work = asyncio.Event()
        self._work.set()

    def offer(self, told: News) -> None:
        """Take a message, where it concerns this socket."""
        if self._closing or (told.only_jobs if self.job is None else told.job != self.job):
            return
        if told.gone and self.job is not None:
            self.close(Closing.GONE, told.body)
        elif not self._behind:  # otherwise the snapshot that is due will say so
            self._wait(told.body)

    def _wait(self, body: str) -> None:
        if len(self._waiting) < self._most:
            self._waiting.append(body)
        else:
            self._waiting.clear()
            self._behind = self._left_out = True
        self._work.set()

    def close(self, closing: Closing, farewell: str | None = None) -> None:
        """Send nothing more.

        Args:
            closing: How the socket is to be closed.
            farewell: A last message, after all that waits; None: nothing of that is sent either.
        """
        if self._closing is not None:
            return
        self._closing, self._behind = closing, False
        if farewell is None:
            self._waiting.clear()
        else:
            self._waiting.append(farewell)
        self._work.set()

    async def next(self, heartbeat_s: float) -> str:
        """The next message, numbered; a heartbeat where there is none for so long.

        Raises:
            Closed: There will be none.
        """
        if not self._work.is_set():
            try:
                await asyncio.wait_for(self._work.wait(), heartbeat_s)
            except TimeoutError:
                return self._numbered(_HEARTBEAT)
        return self._numbered(self._take())

    def _take(self) -> str:
        if self._behind:
            body = self._snapshot(self._left_out)
            self._behind = self._left_out = False
        elif self._waiting:
            body = self._waiting.popleft()
        else:
            raise Closed(self._closing or Closing.GONE)
        if not self._waiting and self._closing is None:
            self._work.clear()
        return body

    def _numbered(self, body: str) -> str:
        self._seq += 1
        return numbered(body, self._seq)
