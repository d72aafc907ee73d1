"""Tell whoever started this process that it is ready: systemd's `sd_notify` protocol."""

import os
import socket


def ready() -> None:
    """Send `READY=1` to the datagram socket named by `NOTIFY_SOCKET`, where there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outlet:
        # A leading @ stands for the NUL byte of an abstract socket.
        outlet.sendto(b"READY=1", address.replace("@", "\0", 1))
