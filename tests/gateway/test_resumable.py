"""Uploads by tus: cut and taken up again, and nobody else's."""

import base64
import hashlib
import itertools
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.settings import GatewaySettings
from gateway.slides.ids import new_id
from gateway.uploads.staging import Staging
from tests.gateway.door import Door, open_door
from tests.gateway.files import left_behind, tiled_tiff
from tests.helpers.waiting import wait_until

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def _said(**metadata: str) -> str:
    pairs = ((key, base64.b64encode(value.encode()).decode()) for key, value in metadata.items())
    return ",".join(f"{key} {value}" for key, value in pairs)


def _create(client: httpx.Client, size: int, **metadata: str) -> httpx.Response:
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": _said(**metadata)}
    return client.post("/uploads/", headers=headers)


def _begun(client: httpx.Client, size: int, **metadata: str) -> str:
    answer = _create(client, size, **metadata)
    assert answer.status_code == 201, answer.text
    place = answer.headers["location"]
    assert place.startswith("/api/v1/uploads/")
    return place.rpartition("/")[2]


def _send(client: httpx.Client, upload: str, offset: int, piece: bytes) -> httpx.Response:
    headers = {**PIECE, "Upload-Offset": str(offset)}
    return client.patch(f"/uploads/{upload}", headers=headers, content=piece)


def _offset(client: httpx.Client, upload: str) -> int:
    answer = client.head(f"/uploads/{upload}", headers=TUS)
    assert answer.status_code == 200, answer.headers
    return int(answer.headers["upload-offset"])


def _cut(door: Door, upload: str, offset: int, piece: bytes, promised: int) -> None:
    """Send less than was promised, and hang up."""
    url = httpx.URL(door.url)
    head = (
        f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        f"Authorization: Bearer {door.key('alice')}\r\nTus-Resumable: 1.0.0\r\n"
        "Content-Type: application/offset+octet-stream\r\n"
        f"Upload-Offset: {offset}\r\nContent-Length: {promised}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.encode() + piece)


def _staging(house: Path) -> list[str]:
    return left_behind(house / "home" / "staging")


@pytest.mark.parametrize("seed", range(3))
def test_cut_anywhere_and_resumed_it_is_the_same_slide(door: Door, house: Path, seed: int) -> None:
    dice = random.Random(seed)
    content = tiled_tiff(seed=seed + 1)
    digest = hashlib.sha256(content).hexdigest()
    with door.client("alice") as client:
        upload = _begun(client, len(content), filename="a.svs", sha256=digest)
        # What was on its way when the line was cut may be lost: so one asks how much has come.
        for cut in itertools.count():
            asked = client.head(f"/uploads/{upload}", headers=TUS)
            if asked.status_code == 404:
                break
            offset = int(asked.headers["upload-offset"])
            piece = content[offset : offset + dice.randint(1, len(content) // 3)]
            if cut < 3 or dice.random() < 0.3:
                _cut(door, upload, offset, piece[:-1], promised=len(piece))
            else:
                answer = _send(client, upload, offset, piece)
                assert answer.status_code in {204, 409, 423}, answer.text
        slide = client.get(f"/slides/{upload}").json()
        assert client.head(f"/uploads/{upload}", headers=TUS).status_code == 404
    assert (slide["sha256"], slide["label"], slide["size"]) == (digest, "a.svs", len(content))
    assert _staging(house) == []


def test_a_wrong_offset_changes_nothing(door: Door) -> None:
    content = tiled_tiff()
    with door.client("alice") as client:
        upload = _begun(client, len(content))
        assert _send(client, upload, 0, content[:1000]).status_code == 204
        assert _send(client, upload, 900, content[900:]).status_code == 409
        assert _send(client, upload, 1000, content[1000:] + b"more").status_code == 400
        rest = _offset(client, upload)
        assert _send(client, upload, rest, content[rest:]).status_code == 204
        assert client.get(f"/slides/{upload}").json()["sha256"] == (
            hashlib.sha256(content).hexdigest()
        )


def test_what_is_no_slide_is_refused_at_the_end(door: Door, house: Path) -> None:
    with door.client("alice") as client:
        upload = _begun(client, 5000, filename="a.svs")
        answer = _send(client, upload, 0, bytes(5000))
        assert (answer.status_code, answer.json()["code"]) == (422, "upload_refused")
        assert client.head(f"/uploads/{upload}", headers=TUS).status_code == 404
        wrong = _begun(client, len(tiled_tiff()), sha256="0" * 64)
        assert _send(client, wrong, 0, tiled_tiff()).json()["code"] == "digest_differs"
    assert left_behind(house / "home" / "staging", house / "alice" / "slides" / "uploads") == []


def test_nobody_sees_or_touches_anothers_upload(door: Door) -> None:
    content = tiled_tiff()
    with door.client("alice") as alice, door.client("bob") as bob:
        upload = _begun(alice, len(content))
        assert _send(alice, upload, 0, content[:100]).status_code == 204
        assert bob.head(f"/uploads/{upload}", headers=TUS).status_code == 404
        assert _send(bob, upload, 100, content[100:]).status_code == 404
        assert bob.delete(f"/uploads/{upload}", headers=TUS).status_code == 404
        assert _offset(alice, upload) == 100
        assert alice.delete(f"/uploads/{upload}", headers=TUS).status_code == 204
        assert alice.head(f"/uploads/{upload}", headers=TUS).status_code == 404


def test_hostile_ids_are_nothing(door: Door) -> None:
    ids = ["..", "%2e%2e", "..%2fbob", "a" * 3000, "0" * 31 + "g", "note.json", "%00", "ü"]
    headers = {**PIECE, "Upload-Offset": "0"}
    with door.client("alice") as client:
        for upload, method in itertools.product(ids, ["HEAD", "PATCH", "DELETE"]):
            answer = client.request(method, f"/uploads/{upload}", headers=headers)
            assert answer.status_code in {404, 405}, (upload, method)


_NOT_OFFERED = [
    ({"Upload-Length": "10", "Upload-Concat": "partial"}, b""),
    ({"Upload-Concat": "final;../../etc/passwd"}, b""),
    ({"Upload-Defer-Length": "1"}, b""),
    ({"Upload-Length": "10"}, b"0123456789"),
    ({"Upload-Length": "-1"}, b""),
    ({"Upload-Length": "9" * 40}, b""),
    ({}, b""),
]


def test_what_is_not_offered_is_refused(door: Door, house: Path) -> None:
    with door.client("alice") as client:
        for headers, body in _NOT_OFFERED:
            answer = client.post("/uploads/", headers={**TUS, **headers}, content=body)
            assert answer.status_code == 400, headers
        offered = client.options("/uploads/")
    assert offered.headers["tus-extension"] == "creation,termination"
    assert _staging(house) == []


def test_another_method_in_a_header_is_not_heard(door: Door) -> None:
    with door.client("alice") as client:
        upload = _begun(client, 1000)
        client.get(f"/uploads/{upload}", headers={**TUS, "X-HTTP-Method-Override": "DELETE"})
        assert _offset(client, upload) == 0


def test_sizes_and_numbers_are_bounded_at_creation(house: Path) -> None:
    settings = GatewaySettings(
        key_cache_s=0, max_upload_bytes=1000, tenant_upload_bytes=2500, tenant_open_uploads=3
    )
    with open_door(settings) as door, door.client("alice") as client:
        assert _create(client, 1001).status_code == 413
        assert [_create(client, size).status_code for size in (1000, 1000)] == [201, 201]
        over = _create(client, 501)
        assert (over.status_code, over.json()["code"]) == (413, "quota_exceeded")
        assert _create(client, 500).status_code == 201
        many = _create(client, 1)
        assert many.status_code == 429
        assert int(many.headers["retry-after"]) > 0


def test_two_at_once_do_not_mix(door: Door, house: Path) -> None:
    content = tiled_tiff()
    with door.client("alice") as client:
        upload = _begun(client, len(content))
        with Staging(house / "home" / "staging").staged("alice", upload).held():
            assert _send(client, upload, 0, content).status_code == 423
            assert client.delete(f"/uploads/{upload}", headers=TUS).status_code == 423
            assert _offset(client, upload) == 0
        assert _send(client, upload, 0, content).status_code == 204
        assert client.get(f"/slides/{upload}").json()["size"] == len(content)


def test_a_connection_that_stays_silent_is_given_up(house: Path) -> None:
    with open_door(GatewaySettings(key_cache_s=0, upload_idle_s=0.2)) as door:
        url = httpx.URL(door.url)
        with door.client("alice") as client:
            upload = _begun(client, 5000)
            with socket.create_connection((url.host, url.port or 80)) as silent:
                silent.sendall(
                    f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {door.key('alice')}\r\nTus-Resumable: 1.0.0\r\n"
                    "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
                    "Content-Length: 5000\r\n\r\n0123456789".encode()
                )
                wait_until(lambda: _offset(client, upload) == 10)
                wait_until(
                    lambda: (
                        _send(client, upload, 10, b"more").status_code in {204, 409}
                        and _offset(client, upload) == 14
                    )
                )


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    """A staging folder of its own."""
    return Staging(tmp_path / "staging")


def test_only_what_lies_still_is_swept(staging: Staging) -> None:
    idle, busy, fresh = (
        staging.begin("alice", new_id(time.time() - 9000 + number), 10) for number in range(3)
    )
    old = time.time() - 7200
    for each in (idle, busy):
        for path in (each.file, each.folder):
            _age(path, old)
    with busy.held():
        _age(busy.folder, old)
        assert staging.sweep(3600) == 1
    assert not idle.folder.exists()
    assert busy.is_there
    assert fresh.is_there


def _age(path: Path, at_s: float) -> None:
    os.utime(path, (at_s, at_s))
