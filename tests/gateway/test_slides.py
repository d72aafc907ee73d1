"""A tenant's slides: listed, found, changed, deleted; never another's."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from blocks import S3Access, Tenant, load_tenant, save_tenant
from gateway.scope import Scope
from gateway.slides import slide_id_of, stated_mpp
from gateway.slides.ids import began_s, is_uploaded, new_id, placed_path
from runs.requests import cancel_workflow
from runs.requests import submit as submit_workflow
from slideloom.scheduling.spec import check_spec
from tests.gateway.door import Door
from tests.gateway.files import left_behind, tiled_tiff
from tests.helpers.s3 import REGION, s3_server, s3_store
from tests.workflows.server import on_server, spec

SMALL = tiled_tiff(100, 80)


def _uploaded(client: httpx.Client, label: str = "a.tif", content: bytes = SMALL) -> str:
    answer = client.post("/upload", params={"label": label}, content=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _all(client: httpx.Client, limit: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = client.get("/slides", params=params).json()
        found += [slide["id"] for slide in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_uploads_come_first_and_pages_join(door: Door) -> None:
    with door.client("alice") as client:
        uploads = [_uploaded(client, f"{number}.tif") for number in range(3)]
        placed = [slide_id_of("a.png"), slide_id_of("b.png")]
        for limit in (1, 2, 200):
            assert _all(client, limit) == [*reversed(uploads), *placed]
        # What comes or goes meanwhile does not move what was not read yet.
        first = client.get("/slides", params={"limit": 2}).json()
        _uploaded(client, "new.tif")
        assert client.delete(f"/slides/{first['next']}").status_code == 204
        rest = client.get("/slides", params={"cursor": first["next"]}).json()
        assert [slide["id"] for slide in rest["items"]] == [uploads[0], *placed]
        assert client.get("/slides", params={"limit": 201}).status_code == 422
        assert client.get("/slides", params={"cursor": "../x"}).json()["items"] == []


def test_what_lies_in_the_folder_is_shown_and_not_changed(door: Door) -> None:
    with door.client("alice") as client:
        slide = client.get(f"/slides/{slide_id_of('a.png')}").json()
        assert (slide["label"], slide["path"], slide["uploaded"]) == ("a.png", "a.png", False)
        assert (slide["width_px"], slide["height_px"], slide["sha256"]) == (300, 200, None)
        assert slide["mpp"] is None
        for answer in (
            client.patch(f"/slides/{slide['id']}", json={"mpp": 0.5}),
            client.delete(f"/slides/{slide['id']}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "slide_not_uploaded")


def test_what_a_file_in_the_folder_says_of_its_pixels_is_shown(door: Door, house: Path) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    per_cm = (1e4 / 0.25, 1e4 / 0.27)
    tifffile.imwrite(
        house / "alice" / "slides" / "said.tif", pixels,
        photometric="rgb", resolution=per_cm, resolutionunit="CENTIMETER",
    )  # fmt: skip
    with door.client("alice") as client:
        slide = client.get(f"/slides/{slide_id_of('said.tif')}").json()
        assert (slide["width_px"], slide["levels"]) == (60, 1)
        assert slide["mpp"] == pytest.approx(0.26, abs=1e-4)


def test_the_stated_pixel_size_counts_and_can_be_taken_back(door: Door) -> None:
    async def stated(path: str) -> float | None:
        tenant = await load_tenant("alice")
        return await stated_mpp(Scope(tenant, None), path)  # type: ignore[arg-type]

    with door.client("alice") as client:
        upload = _uploaded(client)
        path = client.get(f"/slides/{upload}").json()["path"]
        assert on_server(lambda _: stated(path)) is None
        changed = client.patch(f"/slides/{upload}", json={"mpp": 0.25, "label": "../b\0.tif"})
        assert (changed.json()["stated_mpp"], changed.json()["label"]) == (0.25, "b.tif")
        assert on_server(lambda _: stated(path)) == 0.25
        assert on_server(lambda _: stated("a.png")) is None
        assert client.patch(f"/slides/{upload}", json={"label": "c"}).json()["stated_mpp"] == 0.25
        assert client.patch(f"/slides/{upload}", json={"mpp": None}).json()["stated_mpp"] is None
        for wrong in ({"mpp": 0}, {"mpp": 1e9}, {"mpp": "x"}, {"size": 1}):
            assert client.patch(f"/slides/{upload}", json=wrong).status_code == 422


def test_a_slide_is_found_by_what_a_job_calls_it(door: Door) -> None:
    with door.client("alice") as client:
        upload = _uploaded(client)

        def named(path: str) -> list[str]:
            page = client.get("/slides", params={"path": path}).json()
            return [slide["id"] for slide in page["items"]]

        assert named(client.get(f"/slides/{upload}").json()["path"]) == [upload]
        assert named("a.png") == named("./b/../a.png") == [slide_id_of("a.png")]
        for nothing in ("c.png", "../bob/slides/a.png", "", "\0", f"uploads/{upload}/slide.png"):
            assert named(nothing) == []


def test_a_slide_is_not_deleted_while_a_workflow_names_it(door: Door, house: Path) -> None:
    with door.client("alice") as client:
        upload = _uploaded(client)
        path = client.get(f"/slides/{upload}").json()["path"]
        wanted = check_spec(spec("alice", f"./{path}"))
        run = on_server(lambda prefect: submit_workflow(prefect, wanted))
        answer = client.delete(f"/slides/{upload}")
        assert (answer.status_code, answer.json()["code"]) == (409, "slide_in_use")
        on_server(lambda prefect: cancel_workflow(prefect, str(run)))
        assert client.delete(f"/slides/{upload}").status_code == 204
        assert client.get(f"/slides/{upload}").status_code == 404
    assert left_behind(house / "alice" / "slides" / "uploads") == []


def _requests(client: httpx.Client, slide: str) -> Iterator[httpx.Response]:
    yield client.get(f"/slides/{slide}")
    yield client.get(f"/slides/{slide}/thumbnail")
    yield client.get(f"/slides/{slide}/tiles/slide.dzi")
    yield client.get(f"/slides/{slide}/tiles/0/0_0.jpeg")
    yield client.patch(f"/slides/{slide}", json={"label": "mine"})
    yield client.delete(f"/slides/{slide}")


def test_anothers_slide_is_not_there(door: Door) -> None:
    with door.client("alice") as alice, door.client("bob") as bob:
        upload = _uploaded(alice)
        for answer, nothing in zip(_requests(bob, upload), _requests(bob, new_id()), strict=True):
            assert answer.status_code == nothing.status_code == 404
            assert answer.content == nothing.content
        assert alice.get(f"/slides/{upload}").json()["label"] == "a.tif"


_HOSTILE = [
    "../../bob/slides/a.png", "/etc/passwd.png", "x/../a.png", "./a.png", "%2e%2e/a.png", "a.png\0",
    "uploads/../a.png", "secret.txt", "link.png", "ä" * 600 + ".png", "not-there.png",
]  # fmt: skip


def test_hostile_ids_are_nothing(door: Door, house: Path) -> None:
    (house / "alice" / "slides" / "secret.txt").write_text("x")
    (house / "alice" / "slides" / "link.png").symlink_to(house / "bob" / "slides" / "a.png")
    with door.client("alice") as client:
        for path in _HOSTILE:
            for answer in _requests(client, slide_id_of(path)):
                assert answer.status_code in {404, 422}, path
                assert str(house) not in answer.text


@given(st.text(max_size=100))
def test_an_id_names_one_path_and_a_path_one_id(text: str) -> None:
    path = placed_path(text)
    if path is not None:
        assert slide_id_of(path) == text
    if not text.startswith("uploads"):
        try:
            encoded = slide_id_of(text)
        except UnicodeEncodeError:
            return
        assert not text or placed_path(encoded) == text


@given(st.floats(1e9, 4e9))
def test_ids_sort_as_uploads_came(now_s: float) -> None:
    earlier, later = new_id(now_s), new_id(now_s + 0.002)
    assert is_uploaded(earlier)
    assert earlier < later
    assert began_s(earlier) == pytest.approx(now_s, abs=0.001)


@pytest.fixture
def in_s3(house: Path) -> Iterator[None]:
    """A tenant carol whose slides are in S3."""

    async def add() -> None:
        access = S3Access(
            access_key_id="AKIA",
            secret_access_key=SecretStr("not-to-be-seen"),
            endpoint_url=url,
            region=REGION,
        )
        await access.asave("carol", overwrite=True)
        access = await S3Access.aload("carol")
        block = Tenant(slide_root="s3://slides/carol", access=access)
        await save_tenant("carol", block)

    with s3_server() as url:
        s3_store(url, "slides")
        asyncio.run(add())
        yield


def test_slides_in_s3_are_uploaded_drawn_and_deleted(in_s3: None, door: Door, house: Path) -> None:
    with door.client("carol") as client:
        upload = _uploaded(client, content=tiled_tiff())
        assert _all(client, 10) == [upload]
        assert client.get(f"/slides/{upload}/thumbnail").status_code == 200
        assert client.patch(f"/slides/{upload}", json={"mpp": 0.5}).json()["stated_mpp"] == 0.5
        refused = client.post("/upload", content=b"no slide")
        assert refused.status_code == 422
        assert client.delete(f"/slides/{upload}").status_code == 204
        assert _all(client, 10) == []
    assert left_behind(house / "home" / "staging") == []
