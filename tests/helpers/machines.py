"""Machines that share nothing but a cable: Linux network namespaces, each with a disk of its own.

A program on such a machine has another loopback than ours, and an empty disk where the tests keep
their files. What listens on our loopback is reached through a relay on our end of the cable, which
goes nowhere else. Wants root and `ip`.
"""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

_OWN_DISK = 'mount -t tmpfs none "$0" && cd "$0" && exec "$@"'
# 198.18.0.0/15 is set aside for tests of networks (RFC 2544); /30 holds the two ends of a cable.
_NETWORK = f"198.18.{os.getpid() % 256}"


def can_make() -> bool:
    """Whether this process may make machines."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = _name(0)
    made = _quietly("ip", "netns", "add", name)
    worked = made and _quietly("ip", "netns", "exec", name, "sh", "-c", _OWN_DISK, "/mnt", "true")
    return _quietly("ip", "netns", "delete", name) and worked


@dataclass(frozen=True, slots=True)
class Machine:
    """A namespace.

    Attributes:
        name: Of the namespace.
        head: The address at which it finds us.
        disk: The folder that is its own, and empty, for each program that is started there.
    """

    name: str
    head: str
    disk: Path

    def command(self, command: list[str]) -> list[str]:
        """The command line that runs a command there."""
        on_it = ["ip", "netns", "exec", self.name]
        return [*on_it, "sh", "-c", _OWN_DISK, str(self.disk), *command]


@contextmanager
def machines(count: int, disk: Path) -> Iterator[list[Machine]]:
    """So many machines; all find us at the same address.

    Args:
        count: How many.
        disk: What of our files they must not see.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(_machine(number, disk)) for number in range(count)]


@contextmanager
def _machine(number: int, disk: Path) -> Iterator[Machine]:
    name, cable = _name(number), f"slv{os.getpid()}-{number}"
    ours, theirs = f"{_NETWORK}.{4 * number + 1}", f"{_NETWORK}.{4 * number + 2}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", cable, "type", "veth", "peer", "name", "cable", "netns", name)
        _ip("addr", "add", f"{ours}/30", "dev", cable)
        _ip("link", "set", cable, "up")
        for dev in ("lo", "cable"):
            _ip("-n", name, "link", "set", dev, "up")
        _ip("-n", name, "addr", "add", f"{theirs}/30", "dev", "cable")
        _ip("-n", name, "route", "add", "default", "via", ours)
        yield Machine(name, f"{_NETWORK}.1", disk)
    finally:
        # The cable goes with it; a namespace that is still used goes with its last process.
        _ip("netns", "delete", name)


def _name(number: int) -> str:
    return f"slideloom-{os.getpid()}-{number}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=30)


def _quietly(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


@dataclass
class Relay:
    """Passes on what comes to an address.

    Attributes:
        port: Where it listens.
        passed_bytes: What it has passed on, both ways.
    """

    port: int = 0
    passed_bytes: int = 0


@contextmanager
def relay(host: str, port: int) -> Iterator[Relay]:
    """What listens at a port of our loopback can be reached at `host`, too.

    Args:
        host: Address of ours to listen at.
        port: Of our loopback.
    """
    told = Relay()
    lock = threading.Lock()

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # either side may go at any time
            while got := source.recv(1 << 16):
                target.sendall(got)
                with lock:
                    told.passed_bytes += len(got)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)) as inner:
                back = threading.Thread(target=pump, args=(inner, self.request), daemon=True)
                back.start()
                pump(self.request, inner)
                back.join()

    class Server(ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server((host, 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        told.port = server.server_address[1]
        try:
            yield told
        finally:
            server.shutdown()
            serving.join()
