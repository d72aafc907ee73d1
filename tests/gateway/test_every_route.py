"""Every route with every kind of key: nothing leaks, not even that something is there."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from blocks.keys import end_key, make_key
from gateway.app import API
from gateway.problems import MEDIA_TYPE
from runs.creation import read_jobs
from tests.gateway.conftest import ALICE, BOB
from tests.gateway.door import Door
from tests.gateway.routes import Route, all_routes
from tests.helpers.files import drawn_slide
from tests.workflows.server import carry_out, on_server, spec, submit

PUBLIC = {"/health", "/signin", "/signout"}
"""Need no key; so does the protocol's greeting of resumable uploads."""
ANYBODY = {"/me"}
OPERATORS = {"/metrics"}
ROUTES = [
    route
    for route in all_routes()
    if route.path not in PUBLIC and route.method not in {"HEAD", "OPTIONS"}
]
OF_ONE = [route for route in ROUTES if route.noun]
TENANTS = [route for route in ROUTES if route.path not in ANYBODY | OPERATORS]
_TUS = {"Tus-Resumable": "1.0.0"}
_PIECE = "application/offset+octet-stream"
ALICES = "only alice's.png"
_BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "slides"): {"json": {"label": "mine"}},
    ("GET", "jobs"): {"params": {"bbox": "0,0,10,10"}},
    ("POST", "workflows"): {"json": {"name": "x", "branches": []}},
    ("PATCH", "uploads"): {"headers": {**_TUS, "Upload-Offset": "0", "Content-Type": _PIECE}},
    ("DELETE", "uploads"): {"headers": _TUS},
    ("GET", "uploads"): {"headers": _TUS},
}


@pytest.fixture
def ids(door: Door, house: Path) -> dict[str, str]:
    """Alice's: a slide, a workflow and its job, an upload that has begun."""
    drawn_slide(house / ALICE / "slides" / ALICES, 300, 200)

    async def made(client: PrefectClient) -> tuple[UUID, str]:
        workflow = await submit(client, spec(ALICE, ALICES))
        await carry_out(client, workflow)
        (job,) = await read_jobs(client, workflow)
        return workflow, job.id

    workflow, job = on_server(made)
    with door.client(ALICE) as client:
        slides = client.get("/slides").json()["items"]
        slide = next(slide["id"] for slide in slides if slide["path"] == ALICES)
        begun = client.post("/uploads/", headers={**_TUS, "Upload-Length": "1000"})
    upload = begun.headers["location"].rstrip("/").rsplit("/", 1)[1]
    return {"workflows": str(workflow), "jobs": job, "slides": slide, "uploads": upload}


@dataclass(frozen=True)
class Answer:
    """An answer; of a socket, that to its handshake."""

    status: int
    type: str
    text: str


def _asked(door: Door, route: Route, path: str, key: str | None) -> Answer:
    """The answer; of a socket, that to its handshake."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    if route.method == "WS":
        return _handshake(f"{door.url}{API}{path}".replace("http", "ws", 1), headers)
    given = dict(_BODIES.get((route.method, route.path.split("/")[1]), {}))
    headers |= given.pop("headers", {})
    with door.client(None) as client:
        said = client.request(route.method, path, headers=headers, **given)
    return Answer(said.status_code, said.headers.get("content-type", ""), said.text)


def _handshake(url: str, headers: dict[str, str]) -> Answer:
    try:
        with connect(url, additional_headers=headers, proxy=None):
            return Answer(101, "", "")
    except InvalidStatus as refused:
        said = refused.response
        return Answer(
            said.status_code, said.headers.get("content-type", ""), (said.body or b"").decode()
        )


def _keys(door: Door) -> dict[str, str | None]:
    """Keys that open nothing."""
    now = datetime.now(UTC)

    def ended(**moments: datetime) -> str:
        text, _ = on_server(lambda _: make_key(ALICE, "", now))
        on_server(lambda _: end_key(text.id, **moments))
        return str(text)

    named, secret = door.key(ALICE).split("_")[1], door.key(BOB).split("_", 2)[2]
    return {
        "none": None,
        "wrong": f"sl_{named}_{secret}",
        "malformed": "sl_'; drop table keys",
        "expired": ended(expires=now - timedelta(seconds=1)),
        "revoked": ended(revoked=now - timedelta(seconds=1)),
    }


def test_without_a_valid_key_all_is_refused_alike(door: Door, ids: dict[str, str]) -> None:
    for what, key in _keys(door).items():
        for route in ROUTES:
            answer = _asked(door, route, route.at(ids), key)
            assert (answer.status, what, str(route)) == (401, what, str(route))
            assert answer.type.startswith(MEDIA_TYPE), route
            assert json.loads(answer.text)["code"] == "key_needed"


def test_anothers_is_as_good_as_none(door: Door, ids: dict[str, str]) -> None:
    nobodys = {"slides": uuid4().hex, "uploads": uuid4().hex}
    nobodys |= {noun: str(uuid4()) for noun in ("workflows", "jobs")}
    for route in OF_ONE:
        theirs = _asked(door, route, route.at(ids), door.key(BOB))
        none = _asked(door, route, route.at(nobodys), door.key(BOB))
        assert (theirs.status, str(route)) == (404, str(route))
        assert _without(theirs.text, ids) == _without(none.text, nobodys), route
        assert none.status == 404


def _without(text: str, ids: dict[str, str]) -> str:
    for value in ids.values():
        text = text.replace(value, "ID")
    return text


def test_lists_hold_nothing_of_others(door: Door, ids: dict[str, str]) -> None:
    for route in TENANTS:
        if route.noun or route.method != "GET":
            continue
        answer = _asked(door, route, route.path, door.key(BOB))
        assert answer.status == 200, route
        assert not [value for value in (*ids.values(), ALICE) if value in answer.text], route


def test_operators_are_no_tenants_and_tenants_no_operators(door: Door, ids: dict[str, str]) -> None:
    for route in TENANTS:
        answer = _asked(door, route, route.at(ids), door.key(""))
        assert (answer.status, str(route)) == (403, str(route))
    for path in OPERATORS:
        route = Route("GET", path)
        assert _asked(door, route, path, door.key(ALICE)).status == 403
        assert _asked(door, route, path, door.key("")).status == 200


def test_nothing_of_alices_was_changed_by_all_that(door: Door, ids: dict[str, str]) -> None:
    for route in OF_ONE:
        _asked(door, route, route.at(ids), door.key(BOB))
    with door.client(ALICE) as client:
        assert client.get(f"/workflows/{ids['workflows']}").json()["state"] in {
            "RUNNING",
            "PENDING",
        }
        assert client.get(f"/slides/{ids['slides']}").status_code == 200
        greeting = client.head(f"/uploads/{ids['uploads']}", headers=_TUS)
        assert greeting.headers["upload-offset"] == "0"
