"""Which server, database and port `slideloom serve` takes, and what it refuses."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deployments.serve.database import choose_database
from deployments.serve.errors import AlreadyServing, PortTaken, ServerUnusable
from deployments.serve.house import announced, make_house, occupied
from deployments.serve.prefect_server import api_url, client_environment, own_environment
from deployments.serve.stack import Stack, Wanted, plan, serve
from slideloom.errors import OutputUnwritable, ParametersUnusable
from slideloom.settings import Settings
from tests.serve.crew import ROOT

DATABASE = "postgresql://prefect:secret@db.example/prefect"


def planned(home: Path, given: Mapping[str, str], **more: object) -> Stack:
    wanted = Wanted(given, **{"port": 0, "door_port": 0, "slots": 1, **more})  # type: ignore[arg-type]
    return plan(wanted, make_house(home), Settings(home=home), lambda _: None)


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """Something that is as healthy as a Prefect server."""
    with HTTPServer(("127.0.0.1", 0), _Healthy) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/api"
        http.shutdown()
        thread.join()


def test_a_given_server_is_used_and_brings_its_own_database(tmp_path: Path, server: str) -> None:
    stack = planned(tmp_path, {"PREFECT_API_URL": server})
    assert (stack.server, stack.database) == (None, None)
    assert not (tmp_path / "postgres").exists()
    for program in (*stack.crew, stack.register):
        assert program.environment["PREFECT_API_URL"] == server
        assert "SLIDELOOM_DATABASE_URL" not in program.environment


def test_each_gpu_has_a_process_of_its_own_and_the_others_load_no_model(
    tmp_path: Path, server: str
) -> None:
    given = {"PREFECT_API_URL": server, "SLIDELOOM_DEVICE": "cuda:1"}
    wanted = Wanted(given, port=0, door_port=0, slots=2)
    settings = Settings(home=tmp_path, device="cuda:1")
    crew = plan(wanted, make_house(tmp_path), settings, lambda _: None).crew
    pinned = {
        program.log.stem: program.environment.get("SLIDELOOM_DEVICE")
        for program in crew
        if program.expendable
    }
    assert pinned == {
        "worker-control": None,
        "worker-jobs": None,
        "worker-gpu-1": "cuda:1",
        "worker-gpu-2": "cuda:1",
    }


def test_with_a_given_server_the_lock_is_in_a_given_database(tmp_path: Path, server: str) -> None:
    stack = planned(tmp_path, {"PREFECT_API_URL": server, "SLIDELOOM_DATABASE_URL": DATABASE})
    urls = [program.environment.get("SLIDELOOM_DATABASE_URL") for program in stack.crew]
    assert urls == ["postgresql+asyncpg://prefect:secret@db.example/prefect", *[None] * 4]


def test_a_given_server_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerUnusable, match="none answers at http://127"):
        planned(tmp_path, {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"})


@pytest.mark.parametrize(
    "name", ["SLIDELOOM_DATABASE_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL"]
)
def test_a_given_database_is_used_and_its_password_stays_with_the_server(
    tmp_path: Path, name: str
) -> None:
    stack = planned(tmp_path, {name: DATABASE})
    assert stack.database is not None
    assert stack.database.program is None
    assert "secret" not in stack.database.told
    assert stack.server is not None
    asked = stack.server.environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert asked == "postgresql+asyncpg://prefect:secret@db.example/prefect"
    knowing = [p.name for p in stack.crew if "secret" in str(p.environment)]
    assert knowing == ["the dispatcher"]


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParametersUnusable, match="begins with 'mysql'"):
        choose_database(tmp_path, {"SLIDELOOM_DATABASE_URL": "mysql://db/prefect"}, sqlite=False)


def test_sqlite_needs_no_program_and_cannot_hold_the_lock(tmp_path: Path) -> None:
    said: list[str] = []
    home = make_house(tmp_path)
    stack = plan(
        Wanted({}, port=0, door_port=0, sqlite=True), home, Settings(home=home), said.append
    )
    assert stack.database is not None
    assert stack.database.url == f"sqlite+aiosqlite:///{tmp_path}/prefect/prefect.db"
    assert (stack.database.program, stack.database.lock_url) == (None, None)
    assert "database is locked" in said[0]


@pytest.mark.parametrize("name", ["SLIDELOOM_DATABASE_URL", "PREFECT_API_URL"])
def test_sqlite_and_something_given_contradict_each_other(
    tmp_path: Path, server: str, name: str
) -> None:
    given = {"PREFECT_API_URL": server, "SLIDELOOM_DATABASE_URL": DATABASE}[name]
    with pytest.raises((ParametersUnusable, ServerUnusable), match="--sqlite"):
        planned(tmp_path, {name: given}, sqlite=True)


def test_a_taken_port_is_refused_and_the_folder_is_free_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wanted = Wanted({}, port=port, door_port=0)
        for _ in range(2):
            with pytest.raises(PortTaken, match=f"port {port} .* --port"):
                serve(wanted, Settings(home=tmp_path), print, lambda *_: None)
    assert not (tmp_path / "postgres").exists()


def test_a_taken_port_of_the_door_is_refused_and_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} .* --door-port"):
            planned(tmp_path, {}, door_port=port)


def test_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "deployments.cli.main",
                "serve",
                "--port",
                port,
                "--door-port",
                "0",
            ],
            env={**clean, "SLIDELOOM_HOME": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"slideloom: port {port} of 127.0.0.1 cannot be had")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_other_machines_are_let_in_with_a_password_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(ServerUnusable, match="PREFECT_SERVER_API_AUTH_STRING"):
        planned(tmp_path, {}, host=host, sqlite=True)


def test_with_a_password_they_are_and_our_own_people_know_it(tmp_path: Path) -> None:
    given = {"PREFECT_SERVER_API_AUTH_STRING": "admin:word"}
    stack = planned(tmp_path, given, host="0.0.0.0", sqlite=True)
    assert stack.address.startswith("http://127.0.0.1:")
    assert all(p.environment["PREFECT_API_AUTH_STRING"] == "admin:word" for p in stack.crew)


def test_a_second_one_is_kept_out_of_the_folder(tmp_path: Path) -> None:
    with (
        occupied(tmp_path),
        pytest.raises(AlreadyServing, match=r"\(process \d+\) already runs on"),
        occupied(tmp_path),
    ):
        pass
    with occupied(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match="SLIDELOOM_HOME"):
        make_house(tmp_path / "file" / "home")


def test_what_the_folder_holds_is_closed_to_others(tmp_path: Path) -> None:
    home = make_house(tmp_path / "new" / "home")
    assert home.stat().st_mode & 0o066 == 0
    for name in ("logs", "prefect", "results", "slides"):
        assert (home / name).stat().st_mode & 0o777 == 0o700


def test_the_note_says_where_the_server_is_while_it_runs(tmp_path: Path) -> None:
    note = tmp_path / "serve.json"
    with announced(tmp_path, "http://127.0.0.1:1/api"):
        assert '"http://127.0.0.1:1/api"' in note.read_text()
    assert not note.exists()


def test_what_an_operator_has_set_stays_and_what_leads_astray_does_not(tmp_path: Path) -> None:
    given = {
        "PREFECT_WORKER_QUERY_SECONDS": "9",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "7",
        "PREFECT_HOME": "/elsewhere",
        "PREFECT_PROFILE": "cloud",
        "PGHOST": "elsewhere",
        "NOTIFY_SOCKET": "/elsewhere",
        "no_proxy": "example.org",
    }
    made = own_environment(given, tmp_path, "http://127.0.0.1:1/api", DATABASE)
    assert made["PREFECT_WORKER_QUERY_SECONDS"] == "9"
    assert made["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE"] == "7"
    assert made["PREFECT_HOME"] == str(tmp_path)
    assert made["NO_PROXY"].split(",")[:2] == ["example.org", "127.0.0.1"]
    assert not {"PREFECT_PROFILE", "PGHOST", "NOTIFY_SOCKET"} & set(made)
    theirs = client_environment(given, "http://example.org/api")
    assert theirs["PREFECT_HOME"] == "/elsewhere"


def test_who_is_trusted_is_not_touched_where_it_matters() -> None:
    name = "PREFECT_API_SSL_CERT_FILE"
    assert name not in client_environment({}, "https://box.example/api")
    given = {name: "/own.pem"}
    assert client_environment(given, "https://box.example/api")[name] == "/own.pem"
    plain = client_environment({}, "http://box.example/api")[name]
    trusted = ssl.create_default_context(cafile=plain).get_ca_certs()
    assert trusted == []  # it is no authority


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:1/api"),
        ("0.0.0.0", "http://127.0.0.1:1/api"),
        ("::", "http://[::1]:1/api"),
        ("fe80::1", "http://[fe80::1]:1/api"),
        ("box.example", "http://box.example:1/api"),
    ],
)
def test_the_address_is_one_that_this_machine_can_reach(host: str, address: str) -> None:
    assert api_url(host, 1) == address
