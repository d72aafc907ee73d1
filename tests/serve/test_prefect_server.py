"""A real Prefect server on a real PostgreSQL: its settings, and what it survives."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.helpers.stack import Stack, prefect_on_postgres
from tests.helpers.waiting import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with prefect_on_postgres(tmp_path_factory.mktemp("server")) as server:
        yield server


def get(server: Stack, path: str) -> Any:
    return httpx.get(f"{server.api_url}{path}", timeout=30).raise_for_status().json()


def test_prefect_knows_our_settings_by_these_names(server: Stack) -> None:
    told = get(server, "/admin/settings")
    theirs = told["server"]
    assert theirs["concurrency"]["lease_storage"].endswith("lease_storage.filesystem")
    assert theirs["concurrency"]["maximum_concurrency_slot_wait_seconds"] == 1
    assert theirs["tasks"]["tag_concurrency_slot_wait_seconds"] == 1
    assert theirs["deployments"]["concurrency_slot_wait_seconds"] == 1
    recorder = theirs["services"]["task_run_recorder"]
    assert (recorder["batch_size"], recorder["read_batch_size"]) == (200, 200)
    assert recorder["flush_interval"] == 1
    assert theirs["analytics_enabled"] is False
    assert theirs["ui"]["api_url"] == server.api_url
    assert theirs["ui"]["show_promotional_content"] is False
    assert theirs["ui"]["static_directory"] == str(server.folder / "prefect" / "ui")
    assert told["flows"]["heartbeat_frequency"] == 30
    assert told["worker"]["query_seconds"] == 0.2
    assert told["home"] == str(server.folder / "prefect")


def test_what_it_knows_survives_restarts_of_both(server: Stack) -> None:
    made = httpx.post(f"{server.api_url}/flows/", json={"name": "kept"}, timeout=30).json()
    server.restart_database()
    # Connections that were open are noticed to be dead and are made anew.
    assert get(server, f"/flows/{made['id']}")["name"] == "kept"
    server.kill_database()
    server.start_database()
    wait_until(lambda: _answers(server, f"/flows/{made['id']}"))
    server.kill()
    server.start()
    assert get(server, f"/flows/{made['id']}")["name"] == "kept"


def _answers(server: Stack, path: str) -> bool:
    return httpx.get(f"{server.api_url}{path}", timeout=30).is_success
