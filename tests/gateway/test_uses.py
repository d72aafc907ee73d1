"""When a key was used last is written behind the requests' backs."""

import asyncio
from datetime import UTC, datetime

import pytest
from prefect.client.orchestration import PrefectClient

from blocks.key_use import read_uses
from blocks.keys import end_key
from gateway import last_uses
from gateway.last_uses import uses_written
from tests.gateway.door import Door
from tests.helpers.waiting import wait_until
from tests.workflows.server import on_server


def test_a_key_s_use_is_written_and_no_guess_is(door: Door) -> None:
    key, before = door.key("alice"), datetime.now(UTC).replace(microsecond=0)
    key_id = key.split("_")[1]
    with door.client(None) as client:
        wrong = {"Authorization": f"Bearer sl_{'1' * 16}_{'x' * 43}"}
        assert client.get("/me", headers=wrong).status_code == 401
    with door.client("alice") as client:
        assert client.get("/me").status_code == 200
    wait_until(lambda: key_id in on_server(read_uses))
    uses = on_server(read_uses)
    assert before <= uses[key_id] <= datetime.now(UTC)
    assert "1" * 16 not in uses


def test_a_use_is_written_once_in_a_while_and_a_failure_harms_nobody(
    prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    async def write(_: PrefectClient, key_id: str, __: datetime) -> None:
        written.append(key_id)
        if key_id == "broken":
            raise RuntimeError

    monkeypatch.setattr(last_uses, "write_use", write)

    async def act(client: PrefectClient) -> None:
        async with uses_written(client) as uses:
            for key_id in ("broken", "a", "a"):
                uses.note(key_id)
                await asyncio.sleep(0)
            uses.note("b")
            while "b" not in written:
                await asyncio.sleep(0)

    on_server(act)
    assert sorted(written) == ["a", "b", "broken"]


def test_what_is_used_while_it_is_revoked_leaves_nothing(door: Door) -> None:
    """As if the door had not heard of it yet."""
    from blocks.key_use import write_use

    key_id = door.new_key("alice").split("_")[1]
    on_server(lambda _: end_key(key_id, revoked=datetime.now(UTC)))
    on_server(lambda client: write_use(client, key_id, datetime.now(UTC)))
    assert key_id not in on_server(read_uses)
