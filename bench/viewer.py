"""Looking at cells: made tables of 10^5 and 10^6 cells, written as results are, asked over ASGI.

Each table has a process of its own, which reads it as the door does and then asks for tiles that
nobody has drawn before, at every kind of zoom, and for the cells in boxes as large as a screen. The
job's look-up in Prefect is left out: the door makes it once a job. `BENCH_CELLS` gives other sizes.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pyarrow.parquet as pq

from bench.report import Figure, seconds
from slideloom.viewer.finished import read_cells
from slideloom.viewer.pyramid import Pyramid

SIZES = [int(size) for size in os.environ.get("BENCH_CELLS", "100000,1000000").split(",")]
_PX_PER_CELL = 10_000
"""A million cells on 100,000 × 100,000 px."""
_MPP = 0.25
_SAMPLES = 60
_JOB = UUID(int=1)
_SCREEN_PX = (1600, 900)


def run() -> list[Figure]:
    """Times and memory for each size, then how they grow."""
    figures, found = list[Figure](), dict[int, dict[str, float]]()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), size)
            said = subprocess.run(
                [sys.executable, "-m", "bench.viewer", folder, str(size)],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        found[size] = json.loads(said.stdout)
        for what, value in found[size].items():
            figures.append(Figure(f"{size:,} cells: {what}", value, _unit(what)))
    small, large = found[SIZES[0]], found[SIZES[-1]]
    for what in ("outlines, 1 px per px, p50", "outlines, 8 px per px, p50"):
        figures.append(Figure(f"large / small: {what}", large[what] / small[what], "×"))
    return figures


def _unit(what: str) -> str:
    if "memory" in what:
        return "MiB"
    return "s" if "read" in what else "ms"


def _side(cells: int) -> int:
    return round((cells * _PX_PER_CELL) ** 0.5)


def _write(folder: Path, cells: int) -> None:
    """A result's folder, as far as the viewer reads it."""
    from tests.viewer.made import made_cells, written

    side, bands = _side(cells), -(-cells // 20_000)
    batches = (
        made_cells(cells // bands, side, side, band, band=(band / bands, (band + 1) / bands))
        for band in range(bands)
    )
    written(folder / "cells.parquet", *batches)
    slide = {"width_px": side, "height_px": side, "mpp_x": _MPP, "mpp_y": _MPP}
    (folder / "summary.json").write_text(json.dumps({"slide": slide}))
    files = [{"name": "cells.parquet", "sha256": f"{cells:064x}"}]
    (folder / "manifest.json").write_text(json.dumps({"files": files}))


def _app(folder: Path) -> Any:
    """The door with one tenant and one job, whose result is in the folder."""
    from gateway.app import make_app
    from gateway.scope import scope
    from gateway.viewer.room import Room
    from slideloom.stores import LocalRoot, Store

    async def job(_: UUID) -> SimpleNamespace:
        return SimpleNamespace(kind="segment_cells", folder="")

    tenant = SimpleNamespace(result_place=lambda _: Store(LocalRoot(folder)))
    app = make_app()
    app.state.viewer = Room(app.state.settings)
    app.dependency_overrides[scope] = lambda: SimpleNamespace(id="alice", tenant=tenant, job=job)
    return app


async def _measure(folder: Path, cells: int) -> dict[str, float]:
    transport = httpx.ASGITransport(_app(folder))
    base = f"http://door/api/v1/jobs/{_JOB}/"
    rng, pyramid = np.random.default_rng(1), Pyramid(_side(cells), _side(cells))
    found = dict[str, float]()
    async with httpx.AsyncClient(transport=transport, base_url=base, timeout=600) as client:
        top = pyramid.levels - 1
        before, began = _rss_mib(), time.perf_counter()
        answers = await asyncio.gather(
            *(client.get(f"overlay/{top}/{x}_0.png") for x in range(4)),
        )
        found["first tiles, table read once for all, read"] = time.perf_counter() - began
        assert {answer.status_code for answer in answers} == {200}
        found["memory that grew by it"] = _rss_mib() - before
        for down in range(7):
            level = top - down
            kind = "outlines" if (1 << down) * _MPP <= 4.0 else "density"
            times = [await _ask(client, _tile(rng, pyramid, level)) for _ in range(_SAMPLES)]
            _tell(found, f"{kind}, {1 << down} px per px", times)
        times = [await _ask(client, f"overlay/{top}/0_0.png") for _ in range(_SAMPLES)]
        _tell(found, "a tile that is kept", times)
        times = [await _ask(client, _box(rng, _side(cells))) for _ in range(_SAMPLES)]
        _tell(found, "cells in a screen of 1600 × 900 px", times)
        times = [await _ask(client, f"cells?bbox=0,0,{_side(cells)},{_side(cells)}")]
        found["2,000 of all cells"] = times[0]
    found["peak memory of the process"] = _peak_mib()
    found["memory of the cells alone"] = (
        read_cells(folder / "cells.parquet", 1 << 40).nbytes / 2**20
    )
    found.update(_by_filter(rng, folder, _side(cells)))
    return found


def _tile(rng: np.random.Generator, pyramid: Pyramid, level: int) -> str:
    x, y = rng.integers(0, pyramid.tiles(level)).tolist()
    return f"overlay/{level}/{x}_{y}.png"


def _box(rng: np.random.Generator, side: int) -> str:
    x, y = rng.integers(0, (side - _SCREEN_PX[0], side - _SCREEN_PX[1])).tolist()
    return f"cells?bbox={x},{y},{x + _SCREEN_PX[0]},{y + _SCREEN_PX[1]}"


async def _ask(client: httpx.AsyncClient, path: str) -> float:
    """Milliseconds of a request."""
    began = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return 1000 * (time.perf_counter() - began)


def _tell(found: dict[str, float], what: str, times: list[float]) -> None:
    found[f"{what}, p50"], found[f"{what}, p95"] = np.percentile(times, (50, 95)).tolist()


def _by_filter(rng: np.random.Generator, folder: Path, side: int) -> dict[str, float]:
    """What a tile's outlines cost where the table is asked, not the cells in memory."""

    def ask() -> None:
        x, y = rng.integers(0, side - 256, 2).tolist()
        near = [("centroid_x", ">", x), ("centroid_x", "<", x + 256)]
        near += [("centroid_y", ">", y), ("centroid_y", "<", y + 256)]
        pq.read_table(folder / "cells.parquet", columns=["geometry", "area_um2"], filters=near)

    times = [1000 * seconds(ask) for _ in range(15)]
    return {"the table filtered for a tile instead, p50": float(np.median(times))}


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def _peak_mib() -> float:
    """Not `getrusage`: what it tells of a child begins with what its parent had."""
    rows = Path("/proc/self/status").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith("VmHWM:")]
    return int(row.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(Path(sys.argv[1]), int(sys.argv[2])))))
