"""What is looked at before a workflow is accepted: slides, masks and models, each once."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from slideloom.engines.loading import check_model
from slideloom.errors import BadInput
from slideloom.grid import Grid
from slideloom.models import ModelStore
from slideloom.parameters import SegmentCells
from slideloom.slides import open_slide
from slideloom.tissue import load_mask
from tasks.jobs import NO_MASK, AnyJob, Places, Planned
from tasks.refusing import refuse

_AT_ONCE = 4
"""Slides that are open at the same time."""


@task(name="check", cache_policy=NO_CACHE)
async def check_inputs(jobs: Sequence[Planned], places: Places, models: Path | None = None) -> None:
    """Open every slide and mask, look up every model; loads no model and reads no pixels.

    What is in S3 is not opened, only looked for.

    Args:
        jobs: What is to be run.
        places: Where the tenant's slides are.
        models: Folder of recorded models; None: that of this process's environment.

    Raises:
        WorkflowRefused: The message names all that cannot be used.
    """
    stated = [planned.job for planned in jobs]
    names = dict.fromkeys(job.model for job in stated if isinstance(job, SegmentCells))
    looks = [partial(check_model, name, ModelStore(models)) for name in names]
    looks += [partial(_look_at_slide, job, places) for job in _distinct(stated)]
    room = asyncio.Semaphore(_AT_ONCE)
    refuse([said for said in await asyncio.gather(*(_look(look, room) for look in looks)) if said])


def _distinct(jobs: Iterable[AnyJob]) -> list[AnyJob]:
    """One job of each kind of look; a thousand jobs may share a slide."""
    found: dict[tuple[object, ...], AnyJob] = {}
    for job in jobs:
        tiles = (job.tissue, job.tile_size, job.overlap) if isinstance(job, SegmentCells) else ()
        found.setdefault((job.slide, job.mpp, *tiles), job)
    return list(found.values())


async def _look(look: Callable[[], None], room: asyncio.Semaphore) -> str | None:
    """What is wrong, or nothing."""
    async with room:
        try:
            await asyncio.to_thread(look)
        except BadInput as error:
            return str(error)
    return None


def _look_at_slide(job: AnyJob, places: Places) -> None:
    mask = job.tissue if isinstance(job, SegmentCells) and job.tissue not in NO_MASK else None
    mask_is_here = mask is not None and places.is_here(mask)
    if not places.is_here(job.slide):
        return  # its job opens it: all slides of a workflow are not fetched for this
    with open_slide(job.slide, job.mpp) as slide:
        if isinstance(job, SegmentCells):
            Grid(slide.width_px, slide.height_px, job.tile_size, job.overlap)
        if mask and mask_is_here:
            load_mask(Path(mask), slide)
