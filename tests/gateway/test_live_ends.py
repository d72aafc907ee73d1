"""Who may open a socket, and how sockets end."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from blocks.keys import end_key, make_key
from tests.gateway.door import Door, open_door
from tests.gateway.sockets import address, made, quick, refusal, watch
from tests.helpers.waiting import wait_until
from tests.workflows.server import on_server


@pytest.mark.parametrize("kind", ["jobs", "workflows"])
def test_sockets_that_one_may_not_have_are_refused(door: Door, kind: str) -> None:
    bobs = made("a", tenant="bob")
    theirs = bobs.jobs["a"] if kind == "jobs" else bobs.id
    own, operators = ({"Authorization": f"Bearer {door.key(who)}"} for who in ("alice", ""))
    for headers in ({}, {"Authorization": "Bearer sl_no_key"}):
        assert refusal(door, f"{kind}/{theirs}", headers)[0] == 401
    assert refusal(door, f"{kind}/{theirs}", operators)[0] == 403
    unknown = refusal(door, f"{kind}/{uuid4()}", own)
    assert unknown[0] == 404
    assert refusal(door, f"{kind}/{theirs}", own) == unknown
    assert refusal(door, f"{kind}/..%2f{theirs}", own)[0] in {403, 404}
    assert refusal(door, f"{kind}/no-id", own)[0] == 422
    assert refusal(door, f"{kind}/no-id", {})[0] == 401


def test_a_workflow_is_no_job_and_a_job_no_workflow(door: Door) -> None:
    mine = made("a")
    own = {"Authorization": f"Bearer {door.key('alice')}"}
    assert refusal(door, f"workflows/{mine.jobs['a']}", own)[0] == 404
    assert refusal(door, f"jobs/{mine.id}", own)[0] == 404


def test_a_cookie_opens_sockets_for_pages_of_this_address_only(door: Door) -> None:
    path = f"workflows/{made('a').id}"
    with door.client(None) as client:
        client.post("/signin", json={"key": door.key("alice")})
        (cookie,) = (f"{name}={value}" for name, value in client.cookies.items())
    for origin in (None, "http://evil.example", "null"):
        more = {"Origin": origin} if origin else {}
        assert refusal(door, path, {"Cookie": cookie, **more})[0] == 403
    headers = {"Cookie": cookie, "Origin": door.url}
    with connect(address(door, path), additional_headers=headers, proxy=None) as socket:
        assert '"snapshot"' in socket.recv(60)


def closed_with(socket: Any) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(60)
    return closed.value.rcvd.code if closed.value.rcvd else None


def test_a_revoked_key_is_cut_off_and_others_are_not(live_door: Door) -> None:
    path = f"workflows/{made('a').id}"
    text, _ = on_server(lambda _: make_key("alice", "", datetime.now(UTC)))
    headers = {"Authorization": f"Bearer {text}"}
    with (
        watch(live_door, path) as other,
        connect(address(live_door, path), additional_headers=headers, proxy=None) as socket,
    ):
        socket.recv(60)
        on_server(lambda _: end_key(text.id, revoked=datetime.now(UTC)))
        assert closed_with(socket) == 4401
        assert other.next().type == "snapshot"
        other.socket.ping().wait(60)


def test_what_is_deleted_is_told_and_closed(live_door: Door) -> None:
    workflow = made("a", "b")
    with (
        watch(live_door, f"workflows/{workflow.id}") as all_of_it,
        watch(live_door, f"jobs/{workflow.jobs['a']}") as one,
    ):
        one.until_type("snapshot")
        on_server(lambda client: client.delete_flow_run(UUID(workflow.jobs["a"])))
        assert one.until_type("removed").id == workflow.jobs["a"]
        assert closed_with(one.socket) == 4404
        assert all_of_it.until_type("removed").id == workflow.jobs["a"]
        on_server(lambda client: client.delete_flow_run(UUID(workflow.id)))
        assert all_of_it.until(lambda told: told.type == "removed").what == "workflow"
        assert closed_with(all_of_it.socket) == 4404


def test_whoever_speaks_is_cut_off(door: Door) -> None:
    with watch(door, f"workflows/{made('a').id}") as watcher:
        watcher.socket.send("hello")
        assert closed_with(watcher.socket) == 1008


def test_there_are_only_so_many_sockets(house: Path) -> None:
    path = f"workflows/{made('a').id}"
    bobs = f"workflows/{made('a', tenant='bob').id}"
    with open_door(quick(live_sockets_per_tenant=1)) as door, ExitStack() as open_ones:
        open_ones.enter_context(watch(door, path))
        own = {"Authorization": f"Bearer {door.key('alice')}"}
        assert refusal(door, path, own)[0] == 429
        with watch(door, bobs, "bob") as other:
            assert other.next().type == "snapshot"
        open_ones.close()

        def is_let_in_again() -> bool:
            with ExitStack() as stack:
                try:
                    stack.enter_context(watch(door, path))
                except InvalidStatus:
                    return False
                return True

        wait_until(is_let_in_again)


def test_heartbeats_come_and_a_closing_door_says_so(house: Path) -> None:
    path = f"workflows/{made('a').id}"
    with ExitStack() as stack:
        with open_door(quick(live_heartbeat_s=0.05)) as door:
            watcher = stack.enter_context(watch(door, path))
            watcher.until_type("heartbeat")
            watcher.until_type("heartbeat")
        assert closed_with(watcher.socket) == 1012
