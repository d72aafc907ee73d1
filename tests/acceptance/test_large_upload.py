"""2 GiB through a real door, to a disk and to S3, raw and by tus: within 200 MiB of memory."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks.keys import make_key
from tests.gateway.files import padded
from tests.helpers.processes import ended
from tests.helpers.s3 import s3_server, s3_store
from tests.helpers.stack import ROOT, free_port, prefect_on_postgres
from tests.helpers.waiting import wait_until
from tests.shards.test_over_s3 import add_tenant as add_tenant_in_s3
from tests.workflows.server import add_tenant, on_server

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(3600),
    # Prefect's client leaves sockets to the garbage collector when an event loop ends.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SIZE = int(os.environ.get("SLIDELOOM_TEST_UPLOAD_BYTES", 2 << 30))
MOST_BYTES = 200 << 20
_PIECE_BYTES = 512 << 20
_READ_BYTES = 1 << 20
_TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide of this size."""
    return padded(tmp_path_factory.mktemp("large") / "large.tif", SIZE)


@pytest.fixture(params=["disk", "s3"])
def client(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[httpx.Client, int]]:
    """A client of a door that is a process of its own, and the process's id."""
    with ExitStack() as stack:
        server = stack.enter_context(prefect_on_postgres(tmp_path))
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            if request.param == "disk":
                (tmp_path / "alice").mkdir()
                on_server(lambda _: add_tenant("alice", tmp_path / "alice"))
            else:
                add_tenant_in_s3(s3_store(stack.enter_context(s3_server()), "lab"), "alice")
            key, _ = on_server(lambda _: make_key("alice", "tests", datetime.now(UTC)))
        port = free_port()
        command = [sys.executable, "-m", "gateway", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**server.environment, "SLIDELOOM_HOME": str(tmp_path / "home")}
        )
        with (
            ended(process),
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}/api/v1",
                headers={"Authorization": f"Bearer {key}"},
                trust_env=False,
                timeout=600,
            ) as client,
        ):
            wait_until(lambda: _is_open(client) or process.poll() is not None)
            yield client, process.pid


def _is_open(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


def _peak_bytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def _piece(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left and (chunk := file.read(min(left, _READ_BYTES))):
            left -= len(chunk)
            yield chunk


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_in_one_request(client: tuple[httpx.Client, int], large: Path) -> None:
    http, pid = client
    before = _peak_bytes(pid)
    answer = http.post(
        "/upload",
        content=_piece(large, 0, SIZE),
        headers={"Content-Length": str(SIZE)},
        params={"label": "large.tif"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["sha256"] == _digest(large)
    _check_memory("raw", pid, before)


def test_by_tus_in_pieces(client: tuple[httpx.Client, int], large: Path) -> None:
    http, pid = client
    before = _peak_bytes(pid)
    begun = http.post("/uploads/", headers={**_TUS, "Upload-Length": str(SIZE)})
    upload = begun.headers["location"].rpartition("/")[2]
    for start in range(0, SIZE, _PIECE_BYTES):
        length = min(_PIECE_BYTES, SIZE - start)
        answer = http.patch(
            f"/uploads/{upload}",
            content=_piece(large, start, length),
            headers={
                **_TUS,
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(start),
                "Content-Length": str(length),
            },
        )
        assert answer.status_code == 204, answer.text
    assert http.get(f"/slides/{upload}").json()["sha256"] == _digest(large)
    _check_memory("tus", pid, before)


def _check_memory(what: str, pid: int, before: int) -> None:
    peak = _peak_bytes(pid)
    print(f"{what}: {SIZE >> 20} MiB, peak {peak >> 20} MiB, before {before >> 20} MiB")
    assert peak < MOST_BYTES
