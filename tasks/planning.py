"""Tasks that come before the first tile."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from slideloom.engines.base import EngineInfo
from slideloom.parameters import SegmentCells
from slideloom.segmentation.job import Prepared, missing_tasks, prepare
from tasks.leftovers import begin_anew
from tasks.shared import shared_engine, shared_slide


@task(name="plan_slide", cache_policy=NO_CACHE)
def plan_slide(job: SegmentCells, out: str, engine: EngineInfo | None = None) -> Prepared:
    """Find the tissue, make the plan and claim the folder.

    Args:
        job: What to do.
        out: Folder of the result.
        engine: Facts about the engine that will do the work; None: it is loaded here.
    """
    slide = shared_slide(job.slide, job.mpp)
    info = engine or shared_engine(job.model, job.device).info
    return begin_anew(out, lambda: prepare(job, slide, info, Path(out)))


@task(name="find_missing_parts", cache_policy=NO_CACHE)
def find_missing_parts(prepared: Prepared) -> list[int]:
    """Tile tasks that no earlier attempt has finished."""
    return missing_tasks(prepared.plan, prepared.folder.path)
