"""The tenants' door: its process, and the first key to it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from deployments.serve.errors import ProcessFailed
from deployments.serve.prefect_server import LOOPBACK, python
from deployments.serve.program import Program

PORT = 8000
STAGE = 3
"""It opens last and closes first."""
_MAKING_S = 120


@dataclass(frozen=True)
class Listening:
    """Where the door is.

    Attributes:
        host: Name or number to listen on.
        port: Where.
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """Its address, as this machine finds it."""
        name = LOOPBACK if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - told from
        name = "localhost" if name == LOOPBACK else name
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"


@dataclass(frozen=True)
class FirstKey:
    """A tenant that was made so that there is one, and the key that is shown once."""

    tenant: str
    key: str


def door_program(environment: Mapping[str, str], home: Path, at: Listening) -> Program:
    """The door, ready when it answers.

    Args:
        environment: Of those who work with the server.
        home: The folder of what the server keeps.
        at: Where it listens.
    """
    where = ["--host", at.host, "--port", str(at.port)]
    return Program(
        name="the tenants' door",
        command=[*python("gateway"), *where],
        environment=dict(environment),
        log=home / "logs" / "door.log",
        stage=STAGE,
        ready=lambda _: _answers(at),
        folder=home,
    )


def _answers(at: Listening) -> bool:
    try:
        answer = httpx.get(f"{at.url}/api/v1/health", timeout=5, trust_env=False)
    except (httpx.TransportError, httpx.InvalidURL):
        return False
    return answer.is_success


def first_key(environment: Mapping[str, str], home: Path) -> FirstKey | None:
    """On a server without tenants, make one for trying things out; None: there are some.

    In a process of its own, so that the supervisor needs no Prefect; the key comes through a pipe
    and is in no log.

    Raises:
        ProcessFailed: It could not be made.
    """
    made = subprocess.run(
        python("deployments.serve.first_tenant"),
        env=dict(environment),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=_MAKING_S,
        check=False,
    )
    if made.returncode:
        raise ProcessFailed(f"the first tenant could not be made: {made.stderr.strip()[-500:]}")
    said = json.loads(made.stdout)
    return FirstKey(**said) if said else None
