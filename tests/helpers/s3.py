"""S3 on loopback (moto's server), and a line to it that breaks where a test says so."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from moto.server import ThreadedMotoServer

from slideloom.stores import S3Options, S3Root, Store
from slideloom.stores.s3_connection import call

REGION = "eu-central-1"


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of an empty S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def options(endpoint_url: str, **more: float) -> S3Options:
    """Options with a made-up key; moto takes any."""
    given = {"access_key_id": "AKIA", "secret_access_key": "not-to-be-seen", "region": REGION}
    return S3Options.model_validate({"endpoint_url": endpoint_url, **given, **more})


def s3_store(endpoint_url: str, bucket: str, prefix: str = "", **more: float) -> Store:
    """A store in a bucket, which is made if it is missing."""
    chosen = options(endpoint_url, **more)
    with suppress(FileExistsError):
        place = {"LocationConstraint": REGION}
        call(options(endpoint_url), "create_bucket", Bucket=bucket, CreateBucketConfiguration=place)
    return Store(S3Root(bucket, prefix), chosen)


Fault = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request on its way: a fault may answer it, change it, or drop it.

    Attributes:
        head: Request line and headers, as they are passed on.
        body: Body of the request.
        forward: Passes both on and gives the server's whole answer.
        reply: Sends bytes to the client.
    """

    head: bytes
    body: bytes
    forward: Callable[[bytes], bytes]
    reply: Callable[[bytes], None]


@dataclass
class Line:
    """A line to a server, at an address of its own.

    Attributes:
        url: Its address.
        seen: Request lines that came, in order.
    """

    url: str = ""
    seen: list[str] = field(default_factory=list)
    _faults: list[tuple[str, Fault]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def breaks(self, method: str, *faults: Fault) -> None:
        """The next requests of this method fail so, one after the other."""
        self._faults += [(method, fault) for fault in faults]

    @property
    def is_whole(self) -> bool:
        """Whether all faults have happened."""
        return not self._faults

    def take(self, request: str) -> Fault:
        """What happens to a request."""
        with self._lock:
            self.seen.append(request)
            for index, (method, fault) in enumerate(self._faults):
                if request.startswith(method):
                    del self._faults[index]
                    return fault
        return passes


def passes(exchange: Exchange) -> None:
    """Nothing is wrong."""
    exchange.reply(exchange.forward(exchange.body))


def slow_down(exchange: Exchange) -> None:
    """S3 wants fewer requests."""
    said = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>"
    exchange.reply(b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\n")
    exchange.reply(b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(said), said))


def drops(exchange: Exchange) -> None:
    """The connection is gone before the server has seen the request."""


def loses_answer(exchange: Exchange) -> None:
    """The server does what it is asked, and nobody hears of it."""
    exchange.forward(exchange.body)


def garbles_request(exchange: Exchange) -> None:
    """One bit of the body is another when it arrives."""
    exchange.reply(exchange.forward(_garbled(exchange.body)))


def garbles_answer(exchange: Exchange) -> None:
    """One bit of the body is another when it comes back."""
    head, _, body = exchange.forward(exchange.body).partition(b"\r\n\r\n")
    exchange.reply(head + b"\r\n\r\n" + _garbled(body))


def cuts_answer(after_bytes: int) -> Fault:
    """The body of the answer ends too early."""

    def cut(exchange: Exchange) -> None:
        head, _, body = exchange.forward(exchange.body).partition(b"\r\n\r\n")
        exchange.reply(head + b"\r\n\r\n" + body[:after_bytes])

    return cut


def halts_answer(after_bytes: int, until: threading.Event) -> Fault:
    """The body of the answer comes to a halt."""

    def halt(exchange: Exchange) -> None:
        head, _, body = exchange.forward(exchange.body).partition(b"\r\n\r\n")
        exchange.reply(head + b"\r\n\r\n" + body[:after_bytes])
        until.wait(60)

    return halt


def first(act: Callable[[], object], then: Fault = passes) -> Fault:
    """Something happens elsewhere just before the request is passed on."""

    def acted(exchange: Exchange) -> None:
        act()
        then(exchange)

    return acted


@contextmanager
def line_to(server_url: str) -> Iterator[Line]:
    """A line to a server."""
    target = urlsplit(server_url)
    line = Line()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):  # a client that has given up
                head, body = _request(self.request)
                fault = line.take(head.split(b" HTTP/")[0].decode())
                fault(Exchange(head, body, lambda sent: forward(head, sent), self.request.sendall))

    def forward(head: bytes, body: bytes) -> bytes:
        with socket.create_connection((target.hostname or "", target.port or 0)) as server:
            server.sendall(head + body)
            return _everything(server)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        line.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield line
        finally:
            server.shutdown()


def _request(client: socket.socket) -> tuple[bytes, bytes]:
    """Head and body; `Expect` is answered here, so that the server sees plain requests."""
    head, body = b"", b""
    while b"\r\n\r\n" not in head:
        head += _some(client)
    head, _, body = head.partition(b"\r\n\r\n")
    kept = list[bytes]()
    length = 0
    for row in head.split(b"\r\n"):
        name, _, value = row.partition(b":")
        if name.lower() == b"expect":
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif name.lower() != b"connection":
            kept.append(row)
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _some(client)
    return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n", body


def _some(client: socket.socket) -> bytes:
    if not (got := client.recv(1 << 16)):
        raise ConnectionError("the client has gone")
    return got


def _everything(server: socket.socket) -> bytes:
    parts = list[bytes]()
    while got := server.recv(1 << 16):
        parts.append(got)
    return b"".join(parts)


def _garbled(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])
