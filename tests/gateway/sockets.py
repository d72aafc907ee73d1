"""Watching over real sockets."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gateway.live.messages import MESSAGES, Message, StepOut
from gateway.settings import GatewaySettings
from tests.gateway.door import Door
from tests.helpers.waiting import PATIENCE_S
from tests.runs.made import Made, make_workflow, put
from tests.workflows.server import on_server

NEVER_S = 300.0
"""Longer than any test: what is told before was heard, not looked up."""


def quick(**more: Any) -> GatewaySettings:
    """Settings of a door that tells soon."""
    stated = {"key_cache_s": 0, "live_interval_s": 0.05, "live_recheck_s": 0.5, **more}
    return GatewaySettings(**stated)


def made(*slides: str, tenant: str = "alice") -> Made:
    """A workflow of one branch, whose jobs wait."""
    return on_server(lambda client: make_workflow(client, {"one": slides}, tenant))


def put_state(run: str, state: Any, **written: Any) -> None:
    """Give a run a state, after labels."""
    on_server(lambda client: put(client, run, state, **written))


class Watch:
    """One socket; every message is read as what it says it is, and numbered.

    Attributes:
        got: Its messages so far.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.got: list[Message] = []

    def next(self) -> Message:
        """The next message."""
        message = MESSAGES.validate_json(self.socket.recv(PATIENCE_S))
        self.got.append(message)
        assert message.seq == len(self.got)
        return message

    def until(self, holds: Callable[[Any], bool]) -> Any:
        """The next message of which this holds."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if holds(message := self.next()):
                return message
        raise TimeoutError("the message does not come")

    def until_type(self, kind: str) -> Any:
        """The next message of this type."""
        return self.until(lambda message: message.type == kind)

    def steps(self) -> list[StepOut]:
        """States of jobs that were told so far."""
        return [step for message in self.got if message.type == "state" for step in message.steps]


def address(door: Door, path: str) -> str:
    """Where a socket is."""
    return f"{door.url.replace('http', 'ws', 1)}/api/v1/ws/{path}"


@contextmanager
def watch(door: Door, path: str, tenant: str = "alice", **more: Any) -> Iterator[Watch]:
    """Watch `jobs/{id}` or `workflows/{id}`."""
    headers = {"Authorization": f"Bearer {door.key(tenant)}"}
    with connect(
        address(door, path), additional_headers=headers, proxy=None, open_timeout=PATIENCE_S, **more
    ) as socket:
        yield Watch(socket)


def refusal(door: Door, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """How the handshake is refused: status and body."""
    try:
        with connect(address(door, path), additional_headers=headers, proxy=None):
            raise AssertionError("it is open")
    except InvalidStatus as refused:
        return refused.response.status_code, bytes(refused.response.body or b"")


def history(run: str) -> list[tuple[str, Any]]:
    """Names and times of all states of a run, as Prefect has them."""
    states = on_server(lambda client: client.read_flow_run_states(UUID(run)))
    return [(state.name, state.timestamp) for state in states]
