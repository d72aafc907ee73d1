"""Large slides on a GPU pool, for the full-size checks; and what the bare core makes of them.

`python -m tests.acceptance.pool SLIDE OUT THREADS TENANT PARAMETERS` is the bare core in a process
of its own, as a worker is one: it prints seconds, tiles and the tile tasks' seconds.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from prefect.client.orchestration import get_client

from slideloom.engines.loading import load_engine
from slideloom.engines.memory import keep_freed_memory
from slideloom.models import SHIPPED_MODEL
from slideloom.parameters import SegmentCells
from slideloom.segmentation import job as steps
from slideloom.slides import open_slide
from tests.chaos.city import City
from tests.helpers.large_slides import MPP

SLIDE = "large.tif"
MEGAPIXELS = float(os.environ.get("POOL_MEGAPIXELS", "30"))
"""Of the slide that goes over two machines; others are a part of it."""
AS_SERVED = {"PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "2"}
"""What Prefect sets, and the tests' quick servers do not."""
_PATIENCE_S = 3600.0
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A segmentation.

    Attributes:
        tenant: Whose.
        given: Parameters of the job.
    """

    tenant: str
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """All that are not the defaults."""
        return {"mpp": MPP, "model": SHIPPED_MODEL, "tissue": "off", **self.given}

    def submit(self, town: City) -> str:
        """A workflow of this one job; its id."""
        job = {"kind": "segment_cells", "slide": SLIDE, **self.parameters}
        branches = [{"name": "one", "jobs": [job]}]
        return town.submit({"tenant": self.tenant, "name": "large", "branches": branches})

    def bare(
        self, slide: Path, out: Path, threads: int, environment: Mapping[str, str] = os.environ
    ) -> "Bare":
        """The same by the bare core."""
        given = [str(slide), str(out), str(threads), self.tenant, json.dumps(self.given)]
        said = subprocess.run(
            [sys.executable, "-m", __name__, *given],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=dict(environment),
        ).stdout.split()
        return Bare(float(said[0]), int(said[1]), float(said[2]))


class Bare(NamedTuple):
    """What the bare core took with its model loaded.

    Attributes:
        seconds: In all.
        tiles: How many it segmented.
        tiles_s: Seconds in its tile tasks, those of all threads.
    """

    seconds: float
    tiles: int
    tiles_s: float


def ends(workflow: str) -> str:
    """State in which the workflow ends; asks seldom, as the server shares the cores with it."""

    async def ended() -> str:
        async with get_client() as client:
            while True:
                state = (await client.read_flow_run(UUID(workflow))).state
                if state is not None and state.is_final():
                    return state.name or ""
                await asyncio.sleep(_LOOK_S)

    return asyncio.run(asyncio.wait_for(ended(), _PATIENCE_S))


def main(slide: str, out: str, threads: str, tenant: str, given: str) -> None:
    """Print what `Bare` holds, of a slide."""
    keep_freed_memory()
    run_tile_task, spent = steps.run_tile_task, list[float]()

    def timed(*given: Any, **more: Any) -> Any:
        began = time.perf_counter()
        try:
            return run_tile_task(*given, **more)
        finally:
            spent.append(time.perf_counter() - began)

    steps.run_tile_task = timed
    job = SegmentCells(slide=slide, **Wanted(tenant, json.loads(given)).parameters)
    engine = load_engine(job.model, "cpu", int(threads))
    began = time.perf_counter()
    with open_slide(slide, MPP) as opened:
        summary = steps.segment_slide(job, Path(out), opened, engine, int(threads))
    print(time.perf_counter() - began, summary["tiles"]["segmented"], sum(spent))


if __name__ == "__main__":
    main(*sys.argv[1:])
