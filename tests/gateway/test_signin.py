"""Keys and cookies."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from blocks.keys import end_key, make_key
from gateway.problems import MEDIA_TYPE
from tests.gateway.door import Door
from tests.workflows.server import on_server

ME = "/me"


def test_health_needs_no_key(door: Door) -> None:
    with door.client(None) as client:
        assert client.get("/health").json()["status"] == "ok"


def test_a_key_says_who_one_is(door: Door) -> None:
    with door.client("alice") as client:
        assert client.get(ME).json()["tenant"] == "alice"
    with door.client("") as client:
        assert client.get(ME).json()["tenant"] is None


@pytest.mark.parametrize("what", ["none", "wrong", "another's id", "expired", "revoked"])
def test_all_that_is_no_valid_key_is_refused_alike(door: Door, what: str) -> None:
    now = datetime.now(UTC)
    good, secret = door.key("alice"), door.key("bob").split("_", 2)[2]
    key = {"none": "", "wrong": "sl_x_y", "another's id": f"{good.rsplit('_', 1)[0]}"}.get(what)
    if what == "another's id":
        key = f"sl_{good.split('_')[1]}_{secret}"
    if what in {"expired", "revoked"}:
        text, _ = on_server(lambda _: make_key("alice", "", now))
        at = {"expires" if what == "expired" else "revoked": now - timedelta(seconds=1)}
        on_server(lambda _: end_key(text.id, **at))
        key = str(text)
    with door.client(None) as client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = client.get(ME, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "key_needed"


def _signed_in(key: str, client: httpx.Client) -> None:
    answer = client.post("/signin", json={"key": key})
    assert answer.status_code == 200
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]


def test_a_cookie_is_got_for_a_key_and_ends_with_it(door: Door) -> None:
    key = door.new_key("alice")
    with door.client(None) as client:
        _signed_in(key, client)
        assert client.get(ME).json()["tenant"] == "alice"
        on_server(lambda _: end_key(key.split("_")[1], revoked=datetime.now(UTC)))
        assert client.get(ME).status_code == 401


def test_a_forged_cookie_opens_nothing(door: Door) -> None:
    with door.client(None) as client:
        _signed_in(door.key("alice"), client)
        (value,) = client.cookies.values()
        key, ends, _ = value.split(".")
        for forged in (f"{key}.{int(ends) + 1}.{value.split('.')[2]}", f"{key}.{ends}.{'0' * 64}"):
            client.cookies.clear()
            answer = client.get(ME, headers={"Cookie": f"slideloom_session={forged}"})
            assert answer.status_code == 401


def test_unknown_fields_are_refused_without_repeating_the_key(door: Door) -> None:
    with door.client(None) as client:
        answer = client.post("/signin", json={"key": "sl_secret", "more": 1})
    assert answer.status_code == 422
    assert "sl_secret" not in answer.text
