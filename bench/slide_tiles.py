"""Slide tiles: a made pyramid as large as a slide of 10^5 cells, asked over ASGI.

Tiles that nobody has drawn before, at every kind of zoom; then tiles that are kept. The tenant is
made up; all from the route to the file is the door's own. `BENCH_SLIDE_PX` is its side.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np

from bench.report import Figure
from slideloom.viewer.pyramid import Pyramid

SIDE_PX = int(os.environ.get("BENCH_SLIDE_PX", "31623"))
_SAMPLES = 100
_AT_ONCE = 6
"""Tiles that a browser asks for at a time."""
_NAME = "scan.tif"


def run() -> list[Figure]:
    """Times for each kind of zoom."""
    from tests.helpers.large_slides import scanned_slide

    with tempfile.TemporaryDirectory() as folder:
        path = scanned_slide(Path(folder) / _NAME, SIDE_PX)
        size = path.stat().st_size / 2**20
        return [
            Figure(f"slide of {SIDE_PX:,} px, {_SAMPLES} tiles a row: its file", size, "MiB"),
            *asyncio.run(_measure(Path(folder))),
        ]


async def _measure(folder: Path) -> list[Figure]:
    from blocks import Tenant
    from gateway.app import make_app
    from gateway.scope import scope
    from gateway.slides import slide_id_of
    from gateway.tiles import open_viewer

    tenant = Tenant(slide_root=str(folder))
    tenant._block_document_name = "alice"
    app, rng, figures = make_app(), np.random.default_rng(1), list[Figure]()
    app.dependency_overrides[scope] = lambda: SimpleNamespace(id="alice", tenant=tenant)
    base = f"http://door/api/v1/slides/{slide_id_of(_NAME)}/"
    pyramid = Pyramid(SIDE_PX, SIDE_PX)
    async with (
        open_viewer(app.state.settings) as app.state.slide_viewer,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base, timeout=600) as client,
    ):
        times = await _ask(client, ["thumbnail"])
        figures.append(Figure("its thumbnail, the slide opened for it", times[0], "ms"))
        for down in (0, 1, 2, 4, 6):
            level = pyramid.levels - 1 - down
            paths = _paths(rng, pyramid, level)
            figures += _told(f"1:{1 << down}, new", await _ask(client, paths))
            figures += _told(f"1:{1 << down}, kept", await _ask(client, paths))
        paths = _paths(rng, pyramid, pyramid.levels - 1)
        figures += _told(f"1:1, new, {_AT_ONCE} at once", await _ask(client, paths, _AT_ONCE))
    return figures


def _paths(rng: np.random.Generator, pyramid: Pyramid, level: int) -> list[str]:
    at = rng.integers(0, pyramid.tiles(level), (_SAMPLES, 2)).tolist()
    return [f"tiles/{level}/{x}_{y}.jpeg" for x, y in at]


async def _ask(client: httpx.AsyncClient, paths: list[str], at_once: int = 1) -> list[float]:
    """Milliseconds of each request."""
    room = asyncio.Semaphore(at_once)

    async def one(path: str) -> float:
        async with room:
            began = time.perf_counter()
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            return 1000 * (time.perf_counter() - began)

    return await asyncio.gather(*map(one, paths))


def _told(what: str, times: list[float]) -> list[Figure]:
    p50, p95 = np.percentile(times, (50, 95)).tolist()
    return [Figure(f"slide tiles {what}, p50", p50, "ms"), Figure("  p95", p95, "ms")]
