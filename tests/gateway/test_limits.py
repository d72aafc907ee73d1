"""Too much is refused, says when to come again, and never locks out who has a valid key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway import app as door_app
from gateway.limits import limited
from gateway.problems import MEDIA_TYPE, Problem
from gateway.rates import Limits
from gateway.settings import GatewaySettings
from tests.gateway.door import Door, open_door

ME, SIGNIN = "/me", "/signin"
WRONG = {"Authorization": f"Bearer sl_{'0' * 16}_{'x' * 43}"}


@contextmanager
def _door(**settings: int) -> Iterator[Door]:
    with open_door(GatewaySettings(key_cache_s=300, **settings)) as door:  # type: ignore[arg-type]
        yield door


def _is_too_many(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    return True


def test_requests_are_counted_by_tenant_and_answers_say_what_is_left(house: Path) -> None:
    with _door(requests_per_minute=3) as door, door.client("alice") as alice:
        answers = [alice.get(ME) for _ in range(4)]
        said = [
            (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"])
            for answer in answers
        ]
        assert said == [("3", "2"), ("3", "1"), ("3", "0"), ("3", "0")]
        assert all(1 <= int(answer.headers["RateLimit-Reset"]) <= 60 for answer in answers)
        assert [_is_too_many(answer) for answer in answers] == [False, False, False, True]
        with door.client("bob") as bob, door.client("") as operator:
            assert bob.get(ME).status_code == 200
            assert [operator.get(ME).status_code for _ in range(5)] == [200] * 5


def test_a_route_of_its_own_rate(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    router = APIRouter()

    @router.post("/costly", dependencies=[Depends(limited("submissions"))])
    async def costly() -> str:
        return "done"

    monkeypatch.setattr(door_app, "ROUTERS", (*door_app.ROUTERS, router))
    with _door(submissions_per_minute=2) as door, door.client("alice") as alice:
        answers = [alice.post("/costly") for _ in range(3)]
        assert [answer.headers["RateLimit-Limit"] for answer in answers] == ["2"] * 3
        assert [_is_too_many(answer) for answer in answers] == [False, False, True]
        assert alice.get(ME).status_code == 200
        with door.client(None) as nobody, door.client("") as operator:
            assert nobody.post("/costly").status_code == 401
            assert [operator.post("/costly").status_code for _ in range(3)] == [200] * 3


def test_wrong_keys_are_refused_in_the_end_and_a_valid_one_never(house: Path) -> None:
    with _door(failures_per_minute=3) as door, door.client(None) as client:
        codes = [client.get(ME, headers=WRONG).status_code for _ in range(4)]
        assert codes == [401, 401, 401, 429]
        assert _is_too_many(client.get(ME, headers=WRONG))
        assert _is_too_many(client.post(SIGNIN, json={"key": "sl_no_key"}))
        # No key at all is not a guess. And a valid key, never seen before, opens all the same.
        assert client.get(ME).status_code == 401
        with door.client("alice") as alice:
            assert alice.get(ME).status_code == 200
        assert client.post(SIGNIN, json={"key": door.key("bob")}).status_code == 200
        assert client.get(ME).json()["tenant"] == "bob"


def test_a_session_that_has_ended_is_no_guess(house: Path) -> None:
    with _door(failures_per_minute=1) as door, door.client(None) as client:
        key_id = door.key("alice").split("_")[1]
        ended = {"Cookie": f"slideloom_session={key_id}.1000000000.{'0' * 64}"}
        assert [client.get(ME, headers=ended).status_code for _ in range(3)] == [401] * 3
        forged = {"Cookie": f"slideloom_session={key_id}.99999999999.{'0' * 64}"}
        assert [client.get(ME, headers=forged).status_code for _ in range(3)] == [401, 429, 429]


def _call(host: str) -> Request:
    scope = {"type": "http", "headers": [], "client": (host, 1), "state": {}}
    return Request(scope)


def _fails(limits: Limits, host: str) -> bool:
    try:
        limits.fail(_call(host))
    except Problem:
        return True
    return False


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_addresses_of_one_ipv6_site_are_one_caller(address: object, host: int) -> None:
    first = int(address)  # type: ignore[call-overload]
    same = type(address)((first >> 64 << 64) | host)
    assume(not getattr(address, "ipv4_mapped", None) and not getattr(same, "ipv4_mapped", None))
    limits = Limits(GatewaySettings(failures_per_minute=1))
    assert not _fails(limits, str(address))
    assert _fails(limits, str(same))


def test_other_addresses_are_other_callers() -> None:
    limits = Limits(GatewaySettings(failures_per_minute=1))
    hosts = ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "::ffff:192.0.2.3", "")
    assert [_fails(limits, host) for host in hosts] == [False] * len(hosts)
    assert _fails(limits, "::ffff:192.0.2.1")
    assert _fails(limits, "not an address")
