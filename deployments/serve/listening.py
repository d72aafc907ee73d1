"""Whether a server may and can listen where it is asked to."""

import ipaddress
import socket
from collections.abc import Mapping

from deployments.serve.errors import PortTaken, ServerUnusable
from deployments.serve.prefect_server import PASSWORD
from slideloom.errors import ParametersUnusable


def check_host(host: str, environment: Mapping[str, str]) -> None:
    """Refuse to let other machines in without a password.

    Raises:
        ServerUnusable: They would get in.
    """
    if _is_loopback(host) or environment.get(PASSWORD):
        return
    raise ServerUnusable(
        f"whoever reaches Prefect's server can run programs here, and on '{host}' other machines "
        f"do: set {PASSWORD}=user:password, or take --host away"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host: str, port: int, option: str = "--port") -> int:
    """The port, if it is free; any free one for 0.

    Raises:
        PortTaken: Something listens there already.
        ParametersUnusable: The host is none of this machine's.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except socket.gaierror as error:
        raise ParametersUnusable(f"host {host} is no name or number of a machine") from error
    except OSError as error:
        raise PortTaken(
            f"port {port} of {host} cannot be had ({error.strerror}): stop what listens there, or "
            f"choose another with {option}, or {option} 0 for any free one"
        ) from error
