"""Slides as pictures: Deep Zoom tiles and thumbnails, cached and coalesced."""

import asyncio
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import cv2
import httpx
import numpy as np
import pytest

from gateway.problems import Problem
from gateway.slides import slide_id_of
from gateway.tiles.cache import PictureCache
from slideloom.arrays import UInt8
from slideloom.viewer.pyramid import Pyramid
from tests.gateway.door import Door
from tests.gateway.files import tiled_tiff
from tests.helpers.slides import drawn_tissue

WIDTH, HEIGHT = 700, 500


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    """Alice's."""
    with door.client("alice") as client:
        yield client


@pytest.fixture
def slide(client: httpx.Client) -> str:
    """An uploaded slide."""
    answer = client.post("/upload", content=tiled_tiff(WIDTH, HEIGHT))
    return str(answer.json()["id"])


def _pixels(answer: httpx.Response) -> UInt8:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    decoded = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded[..., ::-1], dtype=np.uint8)


@pytest.mark.parametrize("side", [256, 512])
def test_tiles_put_together_are_the_slide(client: httpx.Client, slide: str, side: int) -> None:
    answer = client.get(f"/slides/{slide}/tiles/slide.dzi", params={"tile": side})
    said = ElementTree.fromstring(answer.text)
    assert said.attrib == {"Format": "jpeg", "Overlap": "0", "TileSize": str(side)}
    assert said[0].attrib == {"Width": str(WIDTH), "Height": str(HEIGHT)}
    zoom = Pyramid(WIDTH, HEIGHT, side)
    last = zoom.levels - 1
    whole = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    columns, rows = zoom.tiles(last)
    for column in range(columns):
        for row in range(rows):
            at = f"/slides/{slide}/tiles/{last}/{column}_{row}.jpeg"
            tile = _pixels(client.get(at, params={"tile": side}))
            top, left = row * side, column * side
            whole[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    pixels = drawn_tissue(WIDTH, HEIGHT, 1).astype(int)
    moved = np.abs(np.roll(whole, 1, axis=1) - pixels).mean()
    assert np.abs(whole - pixels).mean() < moved / 2  # twice through JPEG


def test_there_is_no_tile_outside(client: httpx.Client, slide: str) -> None:
    zoom = Pyramid(WIDTH, HEIGHT)
    assert _pixels(client.get(f"/slides/{slide}/tiles/0/0_0.jpeg")).shape == (1, 1, 3)
    for at in (f"{zoom.levels}/0_0", "0/1_0", f"{zoom.levels - 1}/0_2", "9999999/0_0"):
        assert client.get(f"/slides/{slide}/tiles/{at}.jpeg").status_code == 404
    for at in ("-1/0_0", "0/0_-1", "0/x_0", "0/0_99999999999999999999"):
        assert client.get(f"/slides/{slide}/tiles/{at}.jpeg").status_code in {404, 422}
    answer = client.get(f"/slides/{slide}/tiles/0/0_0.jpeg", params={"tile": 300})
    assert answer.status_code == 422


@pytest.mark.parametrize("what", ["thumbnail", "tiles/slide.dzi", "tiles/9/0_0.jpeg"])
def test_what_one_has_is_not_sent_again(client: httpx.Client, slide: str, what: str) -> None:
    first = client.get(f"/slides/{slide}/{what}")
    assert first.headers["cache-control"].startswith("private")
    tag = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    again = client.get(f"/slides/{slide}/{what}", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"/slides/{slide}/{what}", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_plain_images_have_tiles_too(client: httpx.Client) -> None:
    placed = slide_id_of("a.png")
    thumbnail = _pixels(client.get(f"/slides/{placed}/thumbnail"))
    assert thumbnail.shape == (200, 300, 3)
    assert _pixels(client.get(f"/slides/{placed}/tiles/9/1_0.jpeg")).shape == (200, 44, 3)


def test_a_placed_slide_that_breaks_is_told_without_its_place(
    client: httpx.Client, house: object
) -> None:
    broken = f"{house}/alice/slides/broken.png"
    with open(broken, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + bytes(100))
    answer = client.get(f"/slides/{slide_id_of('broken.png')}/thumbnail")
    assert (answer.status_code, answer.json()["code"]) == (422, "slide_unreadable")
    assert str(house) not in answer.text


def test_equal_pictures_are_made_once_and_the_cache_is_bounded() -> None:
    made: list[int] = []
    go = threading.Event()

    def make(number: int) -> bytes:
        go.wait(60)
        made.append(number)
        return bytes(40)

    async def ask() -> None:
        cache = PictureCache(max_bytes=100, threads=2, queue=2)
        one = [asyncio.create_task(cache.get("a", lambda: make(1))) for _ in range(5)]
        two = asyncio.create_task(cache.get("b", lambda: make(2)))
        await asyncio.sleep(0)
        one[0].cancel()
        with pytest.raises(Problem) as refused:
            await cache.get("c", lambda: make(3))
        assert refused.value.status == 503
        go.set()
        assert await asyncio.gather(*one[1:], two) == [bytes(40)] * 5
        assert sorted(made) == [1, 2]
        await cache.get("a", lambda: make(1))
        await cache.get("c", lambda: make(3))
        assert cache.size_bytes <= 100
        await cache.get("a", lambda: make(1))
        assert sorted(made) == [1, 2, 3]
        await cache.get("b", lambda: make(2))
        assert sorted(made) == [1, 2, 2, 3]

    asyncio.run(ask())
