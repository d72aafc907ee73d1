"""Large slides on a GPU pool, for the full-size checks; and what the bare core makes of them."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client

from slideloom.engines.loading import load_engine
from slideloom.models import SHIPPED_MODEL
from slideloom.parameters import SegmentCells
from slideloom.segmentation.job import segment_slide
from slideloom.slides import open_slide
from tests.chaos.city import City
from tests.helpers.large_slides import MPP

SLIDE = "large.tif"
MEGAPIXELS = float(os.environ.get("POOL_MEGAPIXELS", "30"))
"""Of the slide that goes over two machines; others are a part of it."""
_PATIENCE_S = 3600.0
_LOOK_S = 0.5


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

    def in_process(self, slide: Path, out: Path, threads: int) -> tuple[float, int]:
        """The same by the bare core: seconds that it took with its model loaded, and its tiles."""
        job = SegmentCells(slide=str(slide), **self.parameters)
        engine = load_engine(job.model, "cpu", threads)
        began = time.perf_counter()
        with open_slide(slide, MPP) as opened:
            summary = segment_slide(job, out, opened, engine, threads)
        return time.perf_counter() - began, int(summary["tiles"]["segmented"])


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
