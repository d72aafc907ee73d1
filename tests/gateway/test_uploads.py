"""A slide in one request: accepted, or refused with nothing left behind."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.settings import GatewaySettings
from tests.gateway.door import Door, open_door
from tests.gateway.files import left_behind, padded, tiled_tiff
from tests.helpers.files import contents


def _upload(client: httpx.Client, content: bytes, **params: object) -> httpx.Response:
    return client.post("/upload", content=content, params=params)


def _left(house: Path) -> list[str]:
    return left_behind(house / "home" / "staging", house / "alice" / "slides" / "uploads")


def test_a_slide_is_uploaded_and_there(door: Door, house: Path) -> None:
    content = tiled_tiff()
    digest = hashlib.sha256(content).hexdigest()
    with door.client("alice") as client:
        answer = _upload(client, content, label="my slide.svs", sha256=digest)
        assert answer.status_code == 201, answer.text
        slide = answer.json()
        assert httpx.URL(answer.headers["location"]).path.endswith(slide["id"])
        assert (slide["label"], slide["size"]) == ("my slide.svs", len(content))
        assert slide["sha256"] == digest
        assert (slide["width_px"], slide["height_px"], slide["levels"]) == (700, 500, 2)
        assert slide["mpp"] == pytest.approx(0.5)
        assert client.get(f"/slides/{slide['id']}").json() == slide
    assert slide["path"] == f"uploads/{slide['id']}/slide.tif"
    stored = contents(house / "alice" / "slides" / "uploads")
    assert stored.pop(f"{slide['id']}/slide.tif") == content
    assert set(stored) == {f"{slide['id']}/slide.json"}
    assert left_behind(house / "home" / "staging") == []


_LABELS = [
    "../../etc/passwd", "a\0b.svs", "..", "", "\u202egnp.exe", "ü" * 900, "a\nb\\c:d", "%2e%2e/x",
]  # fmt: skip


def test_a_file_name_is_a_label_only(door: Door, house: Path) -> None:
    with door.client("alice") as client:
        slides = [_upload(client, tiled_tiff(90, 60), label=label).json() for label in _LABELS]
    for slide in slides:
        assert 0 < len(slide["label"]) <= 120
        assert slide["label"].isprintable()
        assert "/" not in slide["label"]
    assert {Path(name).parent.name for name in _left(house)} == {slide["id"] for slide in slides}


def _hostile() -> Iterator[tuple[str, bytes]]:
    good = tiled_tiff()
    yield "empty", b""
    yield "text", b"import os\n" * 100
    yield "cut short", good[: len(good) // 3]
    yield "only a header", good[:16]
    yield "zeros", bytes(10_000)
    yield "a circle of directories", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"
    yield "DICOM", bytes(128) + b"DICM" + bytes(1000)


def test_what_is_no_slide_leaves_nothing(door: Door, house: Path) -> None:
    with door.client("alice") as client:
        for what, content in _hostile():
            answer = _upload(client, content, label=f"{what}.svs")
            assert answer.status_code == 422, what
            assert answer.json()["code"] == "upload_refused"
            assert str(house) not in answer.text
            assert _left(house) == [], what


def test_formats_of_several_files_are_refused_with_advice(door: Door) -> None:
    with door.client("alice") as client:
        for name in ("a.mrxs", "b.DCM", "c.vms"):
            answer = _upload(client, tiled_tiff(90, 60), label=name)
            assert answer.status_code == 422, name
            assert "slide folder" in answer.json()["detail"]


def test_another_digest_is_refused(door: Door, house: Path) -> None:
    with door.client("alice") as client:
        answer = _upload(client, tiled_tiff(), sha256="0" * 64)
        assert answer.json()["code"] == "digest_differs"
        header = f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"
        answer = client.post("/upload", content=b"x", headers={"Repr-Digest": header})
        assert answer.status_code == 422
    assert _left(house) == []


@pytest.fixture
def narrow(house: Path) -> Iterator[Door]:
    """A door that takes little."""
    settings = GatewaySettings(
        key_cache_s=0,
        max_upload_bytes=200_000,
        tenant_upload_bytes=300_000,
        tenant_upload_slides=3,
    )
    with open_door(settings) as door:
        yield door


def _slowly(content: bytes) -> Iterator[bytes]:
    """In pieces, so that no length is said."""
    for start in range(0, len(content), 10_000):
        yield content[start : start + 10_000]


@pytest.mark.parametrize("announced", [True, False])
def test_too_large_is_refused_whether_announced_or_counted(
    narrow: Door, house: Path, tmp_path: Path, announced: bool
) -> None:
    content = padded(tmp_path / "large.tif", 200_001).read_bytes()
    with narrow.client("alice") as client:
        answer = client.post("/upload", content=content if announced else _slowly(content))
        assert answer.status_code == 413
        assert answer.json()["code"] == "upload_too_large"
        assert _left(house) == []
        kept = client.post("/upload", content=_slowly(content[:-1]))
        assert kept.status_code == 201
        # What is left of all that the tenant may have is less by now.
        second = client.post("/upload", content=_slowly(content[:-1]))
        assert second.status_code == 413
    assert left_behind(house / "home" / "staging") == []
    assert {Path(name).parent.name for name in _left(house)} == {kept.json()["id"]}


def test_quotas_of_bytes_and_slides(narrow: Door, house: Path, tmp_path: Path) -> None:
    large = padded(tmp_path / "large.tif", 190_000).read_bytes()
    small = tiled_tiff(100, 80)
    with narrow.client("alice") as client:
        assert _upload(client, large).status_code == 201
        answer = _upload(client, large)
        assert (answer.status_code, answer.json()["code"]) == (413, "quota_exceeded")
        assert [_upload(client, small).status_code for _ in range(3)] == [201, 201, 413]
        newest = client.get("/slides").json()["items"][0]["id"]
        assert client.delete(f"/slides/{newest}").status_code == 204
        assert _upload(client, small).status_code == 201
    with narrow.client("bob") as client:
        assert _upload(client, small).status_code == 201


def test_without_a_key_nothing_is_written(door: Door, house: Path) -> None:
    with door.client(None) as client:
        assert _upload(client, b"a few bytes").status_code == 401
    assert _left(house) == []
