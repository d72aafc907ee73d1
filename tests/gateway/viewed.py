"""Jobs whose cells are looked at, as far as a test takes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from runs.creation import read_jobs
from slideloom.engines.oracle import OracleEngine
from slideloom.parameters import SegmentCells
from slideloom.segmentation import job as steps
from slideloom.slides import open_slide
from tests.workflows.server import carry_out, on_server, spec, submit

GIVEN: dict[str, Any] = {"mpp": 0.5, "model": "oracle", "tissue": "off", "tile_size": 128}
ALL = "0,0,300,200"


@dataclass(frozen=True)
class Viewed:
    """A job that was submitted; no worker has it.

    Attributes:
        id: Its id.
        out: Where its result goes.
        slide: Its slide.
    """

    id: str
    out: Path
    slide: Path

    @property
    def _job(self) -> SegmentCells:
        return SegmentCells(slide=str(self.slide), overlap=64, **GIVEN)

    def begin(self, tasks: int) -> None:
        """Segment so many tile tasks and no more."""
        engine = OracleEngine()
        with open_slide(self.slide, 0.5) as slide:
            prepared = steps.prepare(self._job, slide, engine.info, self.out)
            for task in range(tasks):
                steps.run_tile_task(self.out, task, slide, engine, 1)
            prepared.folder.release()

    def finish(self) -> None:
        """Make the result."""
        with open_slide(self.slide, 0.5) as slide:
            steps.segment_slide(self._job, self.out, slide, OracleEngine())


def viewed(
    house: Path, tenant: str = "alice", kind: str = "segment_cells", slide: str = "a.png"
) -> Viewed:
    """A job of the tenant's, on a slide of theirs."""
    stated = spec(tenant, slide)
    if kind == "segment_cells":
        job = {"kind": kind, "slide": slide, "overlap": 64, **GIVEN}
        stated["branches"][0]["jobs"] = [job]

    async def act(client: PrefectClient) -> tuple[UUID, Path]:
        workflow = await submit(client, stated)
        await carry_out(client, workflow)
        (made,) = await read_jobs(client, workflow)
        return made.id, Path(made.parameters["out"])

    made, out = on_server(act)
    return Viewed(str(made), out, house / tenant / "slides" / slide)
