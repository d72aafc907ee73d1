"""Tasks that come before the first tile."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from slideloom.engines.base import EngineInfo
from slideloom.parameters import SegmentCells
from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import Prepared, missing_tasks, prepare, share_plan
from tasks.leftovers import begin_anew
from tasks.shared import shared_engine, shared_slide


@task(name="plan_slide", cache_policy=NO_CACHE)
def plan_slide(job: SegmentCells, place: Workplace, engine: EngineInfo | None = None) -> Prepared:
    """Find the tissue, make the plan and claim the folder.

    Args:
        job: What to do.
        place: Where to work.
        engine: Facts about the engine that will do the work; None: it is loaded here.
    """
    slide = shared_slide(job.slide, job.mpp)
    info = engine or shared_engine(job.model, job.device).info
    prepared = begin_anew(place.folder, lambda: prepare(job, slide, info, place.folder))
    return share_plan(prepared, place)


@task(name="find_missing_parts", cache_policy=NO_CACHE)
def find_missing_parts(prepared: Prepared, place: Workplace, job: SegmentCells) -> list[int]:
    """Tile tasks that no earlier attempt has finished as the job wants them."""
    return missing_tasks(prepared.plan, place, gaps=job.gaps)
