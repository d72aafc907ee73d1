"""Results through the door: manifest, files, ranges."""

import hashlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks import Tenant, save_tenant
from blocks.access import S3Access
from gateway.problems import MEDIA_TYPE
from runs.records import JobRun
from slideloom.parameters import TissueMaskJob
from slideloom.results.folder import MANIFEST, RUN
from slideloom.slides import open_slide
from slideloom.tissue_job import find_tissue, finish_tissue
from tests.gateway.client import Client
from tests.gateway.door import Door, open_door
from tests.gateway.playing import accept, spec
from tests.helpers.s3 import options, s3_server, s3_store
from tests.workflows.server import on_server

_OFTEN = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FILE = "summary.json"


@dataclass
class Made:
    """A result.

    Attributes:
        client: Its tenant's.
        job: Its job's run.
        folder: Where its files are.
    """

    client: httpx.Client
    job: JobRun
    folder: Path

    @property
    def url(self) -> str:
        return f"/jobs/{self.job.id}/result"

    @property
    def content(self) -> bytes:
        return (self.folder / FILE).read_bytes()

    def get(self, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"{self.url}/{FILE}", headers=named)


def make(slide: Path, out: Path) -> None:
    """A result of the bare core."""
    with open_slide(slide, 0.5) as opened:
        job = TissueMaskJob(slide=str(slide), mpp=0.5)
        finish_tissue(find_tissue(job, opened, out), opened)


@pytest.fixture
def job(door: Door, alone: str) -> JobRun:
    with Client(door.url, door.key(alone)) as client:
        (job,) = accept(client.submit(spec()).id)
    return job


@pytest.fixture
def made(door: Door, house: Path, alone: str, job: JobRun) -> Iterator[Made]:
    folder = Path(job.parameters["out"])
    make(house / alone / "slides" / "a.png", folder)
    with door.client(alone) as client:
        yield Made(client, job, folder)


def test_until_it_is_committed_there_is_none(door: Door, alone: str, job: JobRun) -> None:
    with door.client(alone) as client, door.client("bob") as bob:
        for path in (f"/jobs/{job.id}/result", f"/jobs/{job.id}/result/{FILE}"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_finished")
            assert bob.get(path).json()["code"] == "not_found"
        client.post(f"/jobs/{job.id}/cancel")
        assert client.get(f"/jobs/{job.id}/result").json()["code"] == "no_result"


def test_all_that_the_manifest_lists_and_nothing_else(made: Made) -> None:
    (made.folder / RUN).write_text("{}")
    (made.folder / "secret.txt").write_text("secret")
    listed = {file["name"]: file for file in made.client.get(made.url).json()["files"]}
    assert {"tissue.png", "tissue.geojson", "thumbnail.jpg", FILE} <= set(listed)
    kinds = {"tissue.png": "image/png", "thumbnail.jpg": "image/jpeg", FILE: "application/json"}
    for name, file in listed.items():
        answer = made.client.get(f"{made.url}/{name}")
        assert answer.content == (made.folder / name).read_bytes()
        assert answer.headers["content-type"] == kinds.get(name, file["media_type"])
        assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert file["href"] == f"/api/v1{made.url}/{name}"
    for name in (MANIFEST, RUN, "secret.txt", "parts", "..%2Fsummary.json", f"%2e/{FILE}"):
        assert made.client.get(f"{made.url}/{name}").status_code == 404


def test_what_one_has_is_not_sent_again(made: Made) -> None:
    tag = made.get().headers["etag"]
    for stated in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = made.get(if_none_match=stated)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert made.get(if_none_match='"x"').status_code == 200


def test_heads(made: Made) -> None:
    answer = made.client.head(f"{made.url}/{FILE}", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(made.content)
    assert answer.headers["accept-ranges"] == "bytes"
    assert made.client.head(f"{made.url}/{MANIFEST}").status_code == 404


@_OFTEN
@given(first=st.integers(0, 2000), last=st.integers(0, 2000))
def test_ranges_are_slices(made: Made, first: int, last: int) -> None:
    content = made.content
    answer = made.get(range=f"bytes={first}-{last}")
    if last < first:
        assert (answer.status_code, answer.content) == (200, content)
    elif first >= len(content):
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(content)}"
        assert answer.headers["content-type"] == MEDIA_TYPE
    else:
        assert (answer.status_code, answer.content) == (206, content[first : last + 1])
        stop = min(last, len(content) - 1)
        assert answer.headers["content-range"] == f"bytes {first}-{stop}/{len(content)}"


def test_a_range_of_something_else_is_all_of_it(made: Made) -> None:
    tag = made.get().headers["etag"]
    assert made.get(range="bytes=1-2", if_range=tag).status_code == 206
    for other in ('"x"', f"W/{tag}", "Wed, 25 Nov 2026 07:28:00 GMT"):
        assert made.get(range="bytes=1-2", if_range=other).status_code == 200


def test_a_damaged_result_is_not_passed_off_as_whole(made: Made, house: Path) -> None:
    path, content = made.folder / FILE, made.content
    for harm in ("cut", "gone", "a link out of the folder"):
        path.unlink(missing_ok=True)
        if harm == "cut":
            path.write_bytes(content[:-1])
        if harm == "a link out of the folder":
            (house / "elsewhere").write_bytes(content)
            path.symlink_to(house / "elsewhere")
        answer = made.get()
        assert (answer.status_code, answer.json()["code"]) == (500, "result_damaged"), harm
        assert str(house) not in answer.text


def test_a_manifest_that_is_none(made: Made) -> None:
    for text in ("", "{", '{"files": [{"name": "../x"}]}', "[]"):
        (made.folder / MANIFEST).write_text(text)
        answer = made.client.get(made.url)
        assert (answer.status_code, answer.json()["code"]) == (500, "result_damaged"), text


def _asked(made: Made, path: str) -> http.client.HTTPResponse:
    """The path as it is: httpx would tidy it up."""
    at = made.client.base_url
    connection = http.client.HTTPConnection(at.host, at.port, timeout=60)
    connection.putrequest("GET", f"{at.path.rstrip('/')}{path}")
    connection.putheader("Authorization", made.client.headers["Authorization"])
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


_PIECES = st.sampled_from(
    ["..", ".", "/", "%2e%2e", "%2E%2E%2F", "%252e", "%00", "%c0%af", "%5c", "\\", "~", FILE]
)
_QUOTED = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(
    lambda text: quote(text, "")
)
_NAMES = st.lists(_PIECES | _QUOTED, max_size=6).map("".join)


@_OFTEN
@given(name=_NAMES)
def test_no_name_leads_anywhere(made: Made, name: str) -> None:
    answer = _asked(made, f"{made.url}/{name}")
    assert answer.status == (200 if name == FILE else 404)


@_OFTEN
@given(text=_NAMES, route=st.sampled_from(["/jobs/{}", "/workflows/{}", "/jobs/{}/result"]))
def test_no_id_leads_anywhere(made: Made, text: str, route: str) -> None:
    assert _asked(made, route.format(text)).status in {404, 405, 422}
    assert _asked(made, route.format(text) + "?cursor=" + text).status < 500


def test_long_and_strange_names(made: Made) -> None:
    for name in ("a" * 5000, "%00", quote("é" * 300), "a" * 40_000):
        assert _asked(made, f"{made.url}/{name}").status in {404, 422}
        assert _asked(made, f"/jobs/{name}").status == 422


def test_results_in_s3(house: Path, tmp_path: Path) -> None:
    name = f"t{uuid4().hex[:12]}"
    with s3_server() as url:
        bucket = s3_store(url, "lab")
        key = options(url)

        async def save(_: object) -> None:
            access = S3Access(
                access_key_id=key.access_key_id,
                secret_access_key=key.secret_access_key,
                endpoint_url=key.endpoint_url,
                region=key.region,
            )
            await access.asave(name, overwrite=True)
            places = {"slide_root": f"s3://lab/slides/{name}", "result_root": "s3://lab/results"}
            await save_tenant(name, Tenant(access=await S3Access.aload(name), **places))

        on_server(save)
        slide = house / "alice" / "slides" / "a.png"
        bucket.put_file(f"slides/{name}/a.png", slide)
        with open_door() as door, door.client(name) as client:
            missing = client.post("/workflows", json=spec("b.png"))
            assert (missing.status_code, "b.png" in missing.text) == (422, True)
            assert "s3://" not in missing.text
            (job,) = accept(client.post("/workflows", json=spec()).json()["id"])
            assert client.get(f"/jobs/{job.id}").json()["slide"] == "a.png"
            assert client.get(f"/jobs/{job.id}/result").json()["code"] == "not_finished"
            make(slide, tmp_path / "made")
            at = job.parameters["out"].removeprefix("s3://lab/")
            for path in (tmp_path / "made").iterdir():
                bucket.put_file(f"{at}/{path.name}", path)
            made = Made(client, job, tmp_path / "made")
            whole, piece = made.get(), made.get(range="bytes=5-9")
            assert whole.content == made.content
            assert (piece.status_code, piece.content) == (206, made.content[5:10])
