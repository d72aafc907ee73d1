"""The cells in a box, for hover and click."""

import io
import json
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gateway.routes import cells as cells_route
from gateway.routes.cells import CellsOut
from gateway.viewer.answers import PROVISIONAL
from tests.gateway.door import Door
from tests.gateway.viewed import ALL, Viewed, viewed
from tests.helpers.files import drawn_slide
from tests.helpers.waiting import wait_until


def ask(client: httpx.Client, job: Viewed, bbox: str) -> httpx.Response:
    return client.get(f"/jobs/{job.id}/cells", params={"bbox": bbox})


def told(answer: httpx.Response) -> CellsOut:
    assert answer.status_code == 200
    return CellsOut.model_validate_json(answer.content)


def test_a_box_gives_the_cells_of_the_result(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    rows = {row["id"]: row for row in pq.read_table(job.out / "cells.parquet").to_pylist()}
    with door.client("alice") as client:
        found = told(ask(client, job, ALL))
        assert (found.provisional, found.truncated, found.advice) == (False, False, None)
        assert {cell.id for cell in found.cells} == set(rows)
        assert found.total == len(rows)
        cell = found.cells[0]
        row = rows[cell.id]
        assert cell.area_um2 == pytest.approx(row["area_um2"])
        assert cell.clipped == row["clipped"]
        x, y = cell.outline[:2]
        assert cell.id in {each.id for each in told(ask(client, job, f"{x},{y},{x},{y}")).cells}
        assert told(ask(client, job, "5000,5000,6000,6000")).cells == []


def test_of_too_many_some_are_told(
    door: Door, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells_route, "MOST_CELLS", 5)
    job = viewed(house)
    job.finish()
    with door.client("alice") as client:
        found = told(ask(client, job, ALL))
    assert len(found.cells) == 5 < found.total
    assert found.truncated
    assert "zoom in" in (found.advice or "")


def test_while_it_runs_cells_are_provisional(door: Door, house: Path) -> None:
    job = viewed(house)
    with door.client("alice") as client:
        unbegun = ask(client, job, ALL)
        assert unbegun.headers[PROVISIONAL] == "true"
        assert (told(unbegun).provisional, told(unbegun).cells) == (True, [])
        job.begin(tasks=1)
        wait_until(lambda: bool(told(ask(client, job, ALL)).cells))
        some = told(ask(client, job, ALL))
        assert some.provisional
        job.finish()
        wait_until(lambda: not told(ask(client, job, ALL)).provisional)
        assert {cell.id for cell in some.cells} < {c.id for c in told(ask(client, job, ALL)).cells}


def test_a_digest_that_is_made_up_shows_nothing_of_others(door: Door, house: Path) -> None:
    drawn_slide(house / "bob" / "slides" / "b.png", 300, 200, seed=9)
    hers, his = viewed(house), viewed(house, "bob", slide="b.png")
    for job in (hers, his):
        job.finish()
    digests = [
        next(entry["sha256"] for entry in manifest["files"] if entry["name"] == "cells.parquet")
        for manifest in (
            json.loads((job.out / "manifest.json").read_bytes()) for job in (hers, his)
        )
    ]
    assert digests[0] != digests[1]
    stated = (his.out / "manifest.json").read_text()
    (his.out / "manifest.json").write_text(stated.replace(digests[1], digests[0]))
    for tenant, job in (("alice", hers), ("bob", his)):
        with door.client(tenant) as client:
            found = {cell.id for cell in told(ask(client, job, ALL)).cells}
        assert found == set(pq.read_table(job.out / "cells.parquet")["id"].to_pylist())


def test_a_tile_shows_a_cell_where_it_is_told(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    with door.client("alice") as client:
        picture = client.get(f"/jobs/{job.id}/overlay/9/0_0.png").content
        cells = told(ask(client, job, "20,20,100,100")).cells
    alpha = Image.open(io.BytesIO(picture)).convert("RGBA").getchannel("A")
    for cell in cells:
        x, y = (round(side) for side in cell.outline[:2])
        assert alpha.crop((x - 1, y - 1, x + 2, y + 2)).getextrema()[1] > 0


BAD = ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "3,0,1,1", "0,3,1,1", "1e9,0"]
BAD += [
    "0,0,1e400,1",
    "0 ,0,1,1",
    "0,0,1,99999999999",
    "0x1,0,1,1",
    "１,0,2,2",
    "--1,0,1,1",
    "1" * 200,
]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(st.floats().map(str), min_size=3, max_size=5).map(",".join),
        st.lists(st.integers(-(10**10), 10**10).map(str), min_size=4, max_size=4).map(",".join),
    )
)
def _any_box(client: httpx.Client, job: Viewed, bbox: str) -> None:
    answer = ask(client, job, bbox)
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        told(answer)


def test_boxes_are_read_strictly(door: Door, house: Path) -> None:
    job = viewed(house)
    job.finish()
    with door.client("alice") as client:
        for bbox in BAD:
            assert ask(client, job, bbox).status_code == 422, bbox
        assert ask(client, job, "-5,-5,1.5,3").status_code == 200
        assert client.get(f"/jobs/{job.id}/cells").status_code == 422
        _any_box(client, job)


def test_the_openapi_file_tells_the_answer(door: Door) -> None:
    with door.client(None) as client:
        stated = client.get("/openapi.json").json()
    answer = stated["paths"]["/api/v1/jobs/{job}/cells"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/CellsOut")
    assert not any("overlay_files" in path for path in stated["paths"])
