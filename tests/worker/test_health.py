"""A worker process says how it is."""

import socket
from typing import Any

import httpx
import pytest

from deployments.worker.health import Place, Pulse, answering
from deployments.worker.refusals import Refused


class Clock:
    """Stands still unless it is put on."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _asked(address: str) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(address, timeout=10, trust_env=False)
    return answer.status_code, answer.json()


def test_it_is_well_only_while_it_polls() -> None:
    clock = Clock()
    pulse = Pulse(now=clock)
    with answering(Place(0, stale_s=60), pulse, lambda: {"worker": "one"}) as address:
        assert _asked(address) == (503, {"status": "starting", "last_poll": None, "worker": "one"})
        pulse.beat()
        code, told = _asked(address)
        assert (code, told["status"], told["worker"]) == (200, "polling", "one")
        assert told["last_poll"] == pulse.polled_at
        clock.now_s += 61
        code, told = _asked(address)
        assert (code, told["status"]) == (503, "silent")
        assert told["last_poll"] == pulse.polled_at
        pulse.beat()
        assert _asked(address)[0] == 200
        pulse.draining = True
        assert (_asked(address)[0], _asked(address)[1]["status"]) == (503, "draining")


def test_nothing_else_is_answered_and_nothing_after_the_end() -> None:
    with answering(Place(0), Pulse(), dict) as address:
        assert httpx.get(address.replace("/health", "/"), trust_env=False).status_code == 404
        assert httpx.post(address, trust_env=False).status_code == 501
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(Refused, match=f"--health-port {port} of 127.0.0.1 cannot be had"),
            answering(Place(port), Pulse(), dict),
        ):
            pass
