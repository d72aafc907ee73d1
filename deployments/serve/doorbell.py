"""Hears a child say that it is ready: the other end of systemd's `sd_notify` protocol."""

import socket
import tempfile
from pathlib import Path


class Doorbell:
    """A datagram socket in a folder of its own."""

    def __init__(self) -> None:
        """Listen."""
        # Socket addresses hold 107 bytes: a folder below the user's own may be too deep for that.
        self._folder = tempfile.TemporaryDirectory(prefix="slideloom-")
        self.address = str(Path(self._folder.name) / "ready")
        self._inlet = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inlet.setblocking(False)
        self._inlet.bind(self.address)

    def rung(self) -> bool:
        """Whether the child has said that it is ready, since the last look."""
        while True:
            try:
                said = self._inlet.recv(4096)
            except BlockingIOError:
                return False
            if b"READY=1" in said.split(b"\n"):
                return True

    def close(self) -> None:
        """Listen no more."""
        self._inlet.close()
        self._folder.cleanup()
