"""How the page's files are served, whatever is in them."""

import asyncio
import gzip
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.app import make_app
from gateway.built import Built
from gateway.routes.page import DOCS_POLICY, POLICY

VIEWS = ["/", "/slides", "/compose?slide=x", "/workflows", "/workflows/an-id", "/jobs/an-id/look"]
SCRIPT = "index-a1B2.js"


@dataclass
class Client:
    """Asks the application itself; nobody is asked who they are, nor is Prefect."""

    app: FastAPI

    def get(self, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._ask("GET", address, headers))

    def head(self, address: str) -> httpx.Response:
        return asyncio.run(self._ask("HEAD", address, None))

    async def _ask(
        self, method: str, address: str, headers: dict[str, str] | None
    ) -> httpx.Response:
        inside = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=inside, base_url="http://door") as client:
            return await client.request(method, address, headers=headers)


def client_of(folder: Path) -> Client:
    app = make_app()
    app.state.page = Built(folder)
    return Client(app)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>the page</title>")
    (tmp_path / "assets" / SCRIPT).write_text("const long = 1;" * 500)
    (tmp_path / "docs.html").write_text("<!doctype html><title>the API</title>")
    (tmp_path / "manifest.json").write_text("{}")
    return tmp_path


@pytest.fixture
def client(dist: Path) -> Client:
    return client_of(dist)


@pytest.mark.parametrize("address", VIEWS)
def test_every_view_is_the_page_behind_a_strict_policy(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"
    assert "unsafe" not in POLICY


def test_the_api_is_shown_without_anything_from_elsewhere(client: Client) -> None:
    answer = client.get("/docs")
    assert (answer.status_code, answer.text) == (200, "<!doctype html><title>the API</title>")
    assert answer.headers["content-security-policy"] == DOCS_POLICY
    assert "http" not in DOCS_POLICY
    assert "script-src 'self';" in DOCS_POLICY


def test_what_has_not_changed_is_not_sent_again(client: Client, dist: Path) -> None:
    tag = client.get("/").headers["etag"]
    same = client.get("/", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    (dist / "index.html").write_text("<!doctype html><title>built anew</title>")
    assert "built anew" in client.get("/", headers={"If-None-Match": tag}).text


def test_a_script_is_packed_and_kept_for_ever(client: Client, dist: Path) -> None:
    plain = (dist / "assets" / SCRIPT).read_bytes()
    packed = client.get(f"/assets/{SCRIPT}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain, 9, mtime=0))
    assert packed.content == plain
    assert "immutable" in packed.headers["cache-control"]
    unpacked = client.get(f"/assets/{SCRIPT}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in unpacked.headers
    assert unpacked.content == plain


@pytest.mark.parametrize(
    "address",
    [
        "/assets/nothing.js",
        "/assets/..%2findex.html",
        "/assets/%2e%2e/manifest.json",
        "/assets/%2e%2e",
        "/assets/%00.js",
        "/assets/" + "x" * 5000 + ".js",
        "/manifest.json",
        "/somewhere",
        "/workflows/an-id/more",
        "/api/v1/nothing",
    ],
)
def test_nothing_else_is_there(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    for address in ("/workflows/an-id", "/docs"):
        answer = client_of(tmp_path / "dist").get(address)
        assert answer.status_code == 503
        assert "make page" in answer.text


def test_nobody_who_only_asks_for_the_head_gets_the_rest(client: Client) -> None:
    answer = client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
