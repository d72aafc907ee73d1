"""Logs say what happened, in JSON, and never hold what opens the door."""

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway import app as door_app
from gateway.callers import TenantCaller
from gateway.json_lines import JsonLines, log_json, without_secrets
from tests.gateway.door import Door, open_door
from tests.helpers.stack import free_port
from tests.helpers.waiting import wait_until

_KEYS = st.from_regex(r"sl_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", fullmatch=True)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """All that every logger says, from DEBUG on: what an operator should not do."""
    root, stream = logging.getLogger(), io.StringIO()
    loggers = [root, *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    was = [(each, each.level, each.handlers[:], each.propagate) for each in loggers]
    log_json("DEBUG", stream)
    for name in ("", "uvicorn", "uvicorn.error", "httpx", "httpcore", "websockets", "prefect"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    logging.captureWarnings(False)
    for each, level, handlers, propagate in was:
        each.setLevel(level)
        each.handlers[:], each.propagate = handlers, propagate
    for name in ("gateway", "runs", "blocks", "tasks", "flows", "slideloom"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def loud(house: object, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A door with routes that break and that are about jobs, all logged."""
    router = APIRouter()

    @router.get("/jobs/{job}/broken")
    async def broken(job: str, _: TenantCaller) -> None:
        raise RuntimeError(f"tried with {job} and Authorization: Bearer {job}")

    @router.websocket("/ws/{job}")
    async def listen(socket: WebSocket, job: str, _: TenantCaller) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    monkeypatch.setattr(door_app, "ROUTERS", (*door_app.ROUTERS, router))
    with open_door() as door:
        yield door


def _said(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def _answered(lines: io.StringIO, answer: httpx.Response) -> dict[str, Any]:
    """The line of a request, which comes after its answer."""
    request = answer.headers["X-Request-Id"]

    def mine() -> list[dict[str, Any]]:
        found = [line for line in _said(lines) if line["message"] == "answered"]
        return [line for line in found if line["request"] == request]

    wait_until(lambda: bool(mine()))
    (line,) = mine()
    return line


def test_a_line_says_who_asked_for_what_and_how_it_went(loud: Door, lines: io.StringIO) -> None:
    with loud.client("alice") as client:
        line = _answered(lines, client.get("/me"))
    assert line["duration_ms"] > 0
    wanted = {
        "level": "INFO",
        "method": "GET",
        "route": "/api/v1/me",
        "status": 200,
        "tenant": "alice",
        "key": loud.key("alice").split("_")[1],
    }
    assert wanted.items() <= line.items()
    assert line["time"].endswith("+00:00")


def test_what_breaks_is_told_with_a_trace_and_the_caller_gets_the_id(
    loud: Door, lines: io.StringIO
) -> None:
    job = str(uuid4())
    with loud.client("alice") as client:
        answer = client.get(f"/jobs/{job}/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert job not in answer.text
    line = _answered(lines, answer)
    assert (line["job"], line["status"]) == (job, 500)
    assert line["route"] == "/api/v1/jobs/{job}/broken"
    (broke,) = [each for each in _said(lines) if each["message"] == "broke"]
    assert broke["request"] == line["request"]
    assert "RuntimeError" in broke["trace"]


def test_a_web_socket_that_is_refused_is_logged_as_one(loud: Door, lines: io.StringIO) -> None:
    url = f"{loud.url.replace('http', 'ws')}/api/v1/ws/{uuid4()}"
    with pytest.raises(InvalidStatus) as caught:
        connect(url, proxy=None)
    answer = caught.value.response
    assert answer.status_code == 401
    wait_until(lambda: any(line.get("method") == "WEBSOCKET" for line in _said(lines)))
    (line,) = [line for line in _said(lines) if line.get("method") == "WEBSOCKET"]
    assert (line["status"], line["tenant"]) == (401, None)
    assert line["route"] == "/api/v1/ws/{job}"
    assert answer.headers["X-Request-Id"] == line["request"]


def test_no_part_of_a_secret_is_ever_logged(loud: Door, lines: io.StringIO) -> None:
    key = loud.key("alice")
    bare = {"Authorization": f"Bearer {key}"}
    lines.truncate(0)
    lines.seek(0)
    with loud.client(None) as client:
        answers = [
            client.get("/me", headers=bare),
            client.get("/me", headers={"Authorization": f"Basic {key}"}),
            client.get(f"/jobs/{key}/broken", headers=bare),
            client.get(f"/nowhere/{key}%ZZ%00", headers=bare),
            client.get("/me", params={"key": key, "token": key}),
            client.post("/signin", json={"key": key, "more": key}),
            client.post("/signin", content=key.encode()),
            client.post("/signin", json={"key": key}),
        ]
        cookie = client.cookies["slideloom_session"]
        answers += [client.get("/me"), client.post("/signout")]
        answers.append(client.get("/me", headers={"Cookie": f"slideloom_session={cookie}x"}))
        for answer in answers:
            _answered(lines, answer)
    url = f"{loud.url.replace('http', 'ws')}/api/v1/ws/{key}?key={key}"
    with connect(url, additional_headers=bare, proxy=None) as socket:
        assert socket.recv() == "hello"
    wait_until(lambda: any(line.get("method") == "WEBSOCKET" for line in _said(lines)))
    text = lines.getvalue()
    for secret in (key.split("_", 2)[2], cookie.split(".")[2]):
        pieces = {secret[start : start + 12] for start in range(len(secret) - 11)}
        assert [piece for piece in pieces if piece in text] == []
    assert {answer.status_code for answer in answers} >= {200, 401, 404, 422, 500}


@given(st.text(max_size=30), _KEYS, st.text(max_size=30))
def test_keys_are_taken_out_of_any_text(before: str, key: str, after: str) -> None:
    secret = key.split("_", 2)[2]
    assert secret not in without_secrets(f"{before}{key}{after}")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic SECRET",
        "< cookie: a=b; slideloom_session=SECRET",
        "{'authorization': 'Bearer SECRET'}",
        "postgresql+asyncpg://prefect:SECRET@127.0.0.1/prefect",
        "GET https://store/a?X-Amz-Credential=SECRET&X-Amz-Signature=SECRET HTTP/1.1",
        "/ws/jobs/1?token=SECRET",
    ],
)
def test_other_secrets_are_taken_out(text: str) -> None:
    assert "SECRET" not in without_secrets(text)


@given(st.text(max_size=60))
def test_a_record_is_one_line_of_json(text: str) -> None:
    record = logging.LogRecord("gateway", logging.INFO, "", 1, "said %s", (text,), None)
    line = JsonLines().format(record)
    assert len(line.split("\n")) == 1
    assert json.loads(line)["level"] == "INFO"


def test_the_program_writes_nothing_but_json_lines(tmp_path: Path) -> None:
    """Prefect, which sets up logs of its own when it is imported, included; here it is away."""
    port, secret = free_port(), "Q" * 43
    surroundings = {
        **os.environ,
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "SLIDELOOM_GATEWAY_LOG_LEVEL": "DEBUG",
    }
    command = [sys.executable, "-m", "gateway", "--port", str(port)]
    url, log = f"http://127.0.0.1:{port}/api/v1", tmp_path / "log"
    with log.open("w") as stream:
        program = subprocess.Popen(command, stdout=stream, stderr=stream, env=surroundings)
    try:
        wait_until(lambda: program.poll() is not None or _answers(f"{url}/health"))
        headers = {"Authorization": f"Bearer sl_{'0' * 16}_{secret}"}
        answer = httpx.get(f"{url}/me", headers=headers, trust_env=False, timeout=60)
        assert answer.status_code == 503
    finally:
        program.terminate()
        assert program.wait(60) in {0, -signal.SIGTERM}
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"/api/v1/health", "/api/v1/me"} <= {line.get("route") for line in said}
    assert any(line["level"] == "WARNING" and "ConnectError" in line["message"] for line in said)
    assert secret not in log.read_text()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False
