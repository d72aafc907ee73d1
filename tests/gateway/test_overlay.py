"""Tiles of cells over a slide: the result's, or what there is so far, for their tenant alone."""

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import uuid4

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gateway.viewer.answers import PROVISIONAL
from slideloom.viewer.finished import read_cells
from slideloom.viewer.overlay import draw_tile
from slideloom.viewer.pyramid import Pyramid
from tests.gateway.door import Door
from tests.gateway.viewed import Viewed, viewed
from tests.helpers.waiting import wait_until

PYRAMID = Pyramid(300, 200)
TOP = PYRAMID.levels - 1


def tile(client: httpx.Client, job: Viewed, level: int, x: int, y: int) -> httpx.Response:
    return client.get(f"/jobs/{job.id}/overlay/{level}/{x}_{y}.png")


def alpha(answer: httpx.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))[..., 3]


def test_a_results_tiles_are_those_of_its_cells(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    cells = read_cells(job.out / "cells.parquet", 1 << 30)
    with door.client("alice") as client:
        described = client.get(f"/jobs/{job.id}/overlay/overlay.dzi")
        (size,) = ElementTree.fromstring(described.text)
        assert size.attrib == {"Width": "300", "Height": "200"}
        for level in range(PYRAMID.levels):
            columns, rows = PYRAMID.tiles(level)
            for x, y in {(0, 0), (columns - 1, rows - 1)}:
                answer = tile(client, job, level, x, y)
                assert answer.headers["content-type"] == "image/png"
                assert answer.content == draw_tile(cells, PYRAMID, 0.5, level, x, y)
        beside = client.get(f"/jobs/{job.id}/overlay/overlay_files/{TOP}/1_0.png")
        assert beside.content == tile(client, job, TOP, 1, 0).content


def test_a_result_may_be_kept_by_whom_it_is_for(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    with door.client("alice") as client:
        for path in ("overlay/overlay.dzi", f"overlay/{TOP}/0_0.png", "cells?bbox=0,0,9,9"):
            first = client.get(f"/jobs/{job.id}/{path}")
            assert first.status_code == 200
            assert PROVISIONAL not in first.headers
            assert first.headers["cache-control"].startswith("private, max-age=")
            for held in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
                again = client.get(f"/jobs/{job.id}/{path}", headers={"If-None-Match": held})
                assert (again.status_code, again.content) == (304, b"")
                assert again.headers["etag"] == first.headers["etag"]
            other = client.get(f"/jobs/{job.id}/{path}", headers={"If-None-Match": '"other"'})
            assert other.content == first.content
        tags = {tile(client, job, TOP, x, 0).headers["etag"] for x in (0, 1)}
        assert len(tags) == 2


def test_while_it_runs_a_job_shows_what_it_has_found(door: Door, house: Path) -> None:
    job = viewed(house)
    with door.client("alice") as client:
        unbegun = tile(client, job, TOP, 0, 0)
        assert (unbegun.status_code, unbegun.json()["code"]) == (404, "not_begun")
        job.begin(tasks=0)
        wait_until(lambda: tile(client, job, TOP, 0, 0).status_code == 200)
        empty = tile(client, job, TOP, 0, 0)
        assert empty.headers[PROVISIONAL] == "true"
        assert empty.headers["cache-control"] == "private, max-age=1"
        assert "etag" not in empty.headers
        assert not alpha(empty).any()
        job.begin(tasks=1)
        wait_until(lambda: alpha(tile(client, job, TOP, 0, 0)).any())
        some = tile(client, job, TOP, 0, 0)
        assert some.headers[PROVISIONAL] == "true"
        job.finish()
        wait_until(lambda: PROVISIONAL not in tile(client, job, TOP, 0, 0).headers)
        assert alpha(tile(client, job, TOP, 0, 0)).sum() >= alpha(some).sum()


def test_anothers_job_is_not_there(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    paths = ("overlay/overlay.dzi", f"overlay/{TOP}/0_0.png", "cells?bbox=0,0,9,9")
    with door.client("alice") as alice, door.client("bob") as bob, door.client(None) as nobody:
        for path in paths:
            assert alice.get(f"/jobs/{job.id}/{path}").status_code == 200
            theirs = bob.get(f"/jobs/{job.id}/{path}")
            none = bob.get(f"/jobs/{uuid4()}/{path}")
            assert theirs.status_code == none.status_code == 404
            assert theirs.content == none.content
            assert nobody.get(f"/jobs/{job.id}/{path}").status_code == 401
    with door.client("") as operator:
        assert operator.get(f"/jobs/{job.id}/overlay/overlay.dzi").status_code == 403


def test_a_job_without_cells_says_so(door: Door, house: Path) -> None:
    job = viewed(house, kind="tissue_mask")
    with door.client("alice") as client:
        for path in ("overlay/overlay.dzi", "overlay/0/0_0.png", "cells?bbox=0,0,9,9"):
            answer = client.get(f"/jobs/{job.id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_cells")


@pytest.mark.parametrize(
    ("broken", "content"),
    [
        ("cells.parquet", b"{rubbish"),
        ("manifest.json", b"{rubbish"),
        ("manifest.json", b"[" * 100_000),
        ("manifest.json", b'{"files": [{"name": "cells.parquet", "sha256": "a\\r\\nb"}]}'),
        ("summary.json", b'{"slide": {"width_px": 1e400}}'),
    ],
    ids=["cells", "manifest", "deep manifest", "no digest", "summary"],
)
def test_a_damaged_result_says_what_to_do(
    door: Door, house: Path, broken: str, content: bytes
) -> None:
    job = viewed(house)
    job.finish()
    (job.out / broken).write_bytes(content)
    with door.client("alice") as client:
        answer = tile(client, job, TOP, 0, 0)
        assert (answer.status_code, answer.json()["code"]) == (409, "result_damaged")
        assert str(house) not in answer.text


def test_a_result_that_is_removed_is_gone(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    (job.out / "cells.parquet").unlink()
    with door.client("alice") as client:
        answer = tile(client, job, TOP, 0, 0)
    assert (answer.status_code, answer.json()["code"]) == (404, "result_gone")


NUMBERS = st.one_of(st.integers(-5, 12), st.integers()).map(str)
PIECES = st.one_of(NUMBERS, st.text(max_size=8), st.sampled_from(["..", "%00", "%2e%2e", "1e3"]))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.tuples(PIECES, PIECES, PIECES))
def _hostile(client: httpx.Client, job: Viewed, pieces: tuple[str, str, str]) -> None:
    level, x, y = (quote(piece, safe="%", errors="replace") for piece in pieces)
    answer = client.get(f"/jobs/{job.id}/overlay/{level}/{x}_{y}.png")
    assert answer.status_code in {200, 404, 422}
    if answer.status_code == 200:
        assert PYRAMID.has(*(int(unquote(piece)) for piece in pieces))


def test_no_name_of_a_tile_breaks_anything(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    with door.client("alice") as client:
        _hostile(client, job)
        for level, x, y in ((TOP + 1, 0, 0), (-1, 0, 0), (TOP, 2, 0), (TOP, 0, -1), (10**30, 0, 0)):
            assert tile(client, job, level, x, y).status_code in {404, 422}
