"""How a worker process is, over HTTP: `GET /health`.

Prefect's own health check of workers takes one that has never reached the server for healthy, and
says no more than yes or no. This one answers from a thread of its own, so it can tell that the
worker's loop hangs.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deployments.worker.refusals import Refused

STALE_S = 60.0
"""A last successful poll that is older than this is a worker that does not work."""

LOOPBACK = "127.0.0.1"


@dataclass
class Pulse:
    """When the worker has last polled with success, and whether it claims no more.

    Attributes:
        now: A clock that only goes forward, seconds.
        draining: The worker was told to stop.
    """

    now: Callable[[], float] = time.monotonic
    draining: bool = False
    _polled: float | None = None
    _polled_at: datetime | None = field(default=None, repr=False)

    def beat(self) -> None:
        """It has polled."""
        self._polled, self._polled_at = self.now(), datetime.now(UTC)

    @property
    def polled_at(self) -> str | None:
        """When it has polled last, ISO 8601; None: never."""
        return self._polled_at.isoformat() if self._polled_at else None

    def status(self, stale_s: float) -> str:
        """`polling`, `starting` (has never polled), `silent` (long ago) or `draining`."""
        if self.draining:
            return "draining"
        if self._polled is None:
            return "starting"
        return "polling" if self.now() - self._polled <= stale_s else "silent"


Facts = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """Where to listen, and what is too long ago.

    Attributes:
        port: 0: any free one.
        host: The interface.
        stale_s: Age of the last successful poll from which the worker is not well.
    """

    port: int
    host: str = LOOPBACK
    stale_s: float = STALE_S


@contextmanager
def answering(place: Place, pulse: Pulse, facts: Facts) -> Iterator[str]:
    """Answer for the length of the block; gives the address.

    200 while the worker polls, else 503; the body is the same JSON, `status` says why.

    Args:
        place: Where.
        pulse: The worker's.
        facts: What else to tell.

    Raises:
        Refused: The port cannot be had.
    """

    def answer() -> tuple[int, dict[str, Any]]:
        status = pulse.status(place.stale_s)
        told = {"status": status, "last_poll": pulse.polled_at, **facts()}
        return (200 if status == "polling" else 503), told

    try:
        server = ThreadingHTTPServer((place.host, place.port), _handler(answer))
    except OSError as error:
        raise Refused(
            f"--health-port {place.port} of {place.host} cannot be had ({error.strerror}): choose "
            "another, or 0 for any free one"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield f"http://{place.host}:{server.server_port}/health"
    finally:
        server.shutdown()
        server.server_close()


def _handler(answer: Callable[[], tuple[int, dict[str, Any]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path != "/health":
                self.send_error(404)
                return
            code, told = answer()
            body = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: it is asked every few seconds."""

    return Handler
