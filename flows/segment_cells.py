"""The main flow: one slide, from pixels to a committed result."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from prefect import flow

from flows.aggregate_cells import aggregate_cells
from flows.mapping import TILE_TASKS, map_tiles
from flows.merge_cells import merge_cells
from flows.visualize_cells import visualize_cells
from runs.admission import admitted, confirm
from runs.records import JobRun
from slideloom.parameters import SegmentCells
from slideloom.progress import Progress, attempt_at
from slideloom.results.folder import abandoned_on_bad_input
from slideloom.results.identity import Claim
from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import Prepared, finished_job
from slideloom.segmentation.runlog import RunLog
from tasks.artifacts import show_links
from tasks.naming import segment_name
from tasks.planning import find_missing_parts, plan_slide
from tasks.reaching import left_clean, own_job, reached
from tasks.reporting import reported
from tasks.results import bring_parts_task, commit_task, send_task
from tasks.shards import engine_of, segment_in_shards


@flow(
    name="segment_cells",
    flow_run_name=segment_name,
    task_runner=TILE_TASKS,
)
async def segment_cells(job: SegmentCells, out: str) -> dict[str, Any]:
    """Segment every nucleus of a slide: plan, tiles, merge, aggregate, draw, commit.

    Runs anywhere: under a worker, or in plain Python as `asyncio.run(segment_cells(job, out))`. A
    folder that already holds this very result is returned as it is; an unfinished one is taken up
    where it stands. As a job on a server it loads no model: its tiles go to the GPU pool.

    Args:
        job: What to do.
        out: Folder of the result.

    Returns:
        The summary (`summary.json`).

    Raises:
        BadInput: The slide, the model, a parameter or the folder cannot be used; nothing is left.
        EngineFailed: The engine gave no usable answer, for a tile that may not be left out or for
            all of them; finished parts are kept.
    """
    began = time.perf_counter()
    given = {"job": job.model_dump(mode="json"), "out": out}
    async with admitted():
        own = await own_job()
        with attempt_at(out) as progress:
            # First of all a sign of life: shards of an earlier attempt may be waiting for one.
            async with reported(progress, own), reached(own, job, out, progress) as (job, place):
                attempt = Attempt(own, given, job, place, progress)
                prepared = await _planned(attempt)
                if prepared.claim is Claim.COMPLETE:
                    return finished_job(prepared, job)
                async with left_clean(place, prepared.claim):
                    log = RunLog(prepared.folder)
                    log.record("plan", time.perf_counter() - began)
                    with abandoned_on_bad_input(prepared.folder):
                        return await _computed(attempt, prepared, log)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a job.

    Attributes:
        own: The job's run; None where it is not a run of a deployment.
        given: Parameters of the run, as shards get them.
        job: What to do, with paths that this process can open.
        place: Where to work.
        progress: How far it is.
    """

    own: JobRun | None
    given: dict[str, Any]
    job: SegmentCells
    place: Workplace
    progress: Progress


async def _planned(attempt: Attempt) -> Prepared:
    """The plan, stored in the claimed folder; on a server the GPU pool tells what the model is."""
    own, job, progress = attempt.own, attempt.job, attempt.progress
    progress.enter("engine")
    engine = await engine_of(own, SegmentCells(**attempt.given["job"])) if own else None
    progress.enter("plan")
    planned = plan_slide.submit(job, attempt.place, engine)
    prepared = await asyncio.to_thread(planned.result)
    tiles = prepared.plan.tiles_kept
    progress.enter("planned", total=tiles, done=tiles if prepared.claim is Claim.COMPLETE else 0)
    return prepared


async def _computed(attempt: Attempt, prepared: Prepared, log: RunLog) -> dict[str, Any]:
    """The steps between claim and commit."""
    job, place, progress = attempt.job, attempt.place, attempt.progress
    with log.stage("segment"):
        log.count_tiles(await _segment(attempt, prepared))
    progress.enter("merge")
    with log.stage("merge"):
        await asyncio.to_thread(bring_parts_task.submit(prepared, place).result)
        await merge_cells(str(place.folder))
    with log.stage("aggregate"):
        summary = await aggregate_cells(str(place.folder))
    progress.enter("draw")
    with log.stage("draw"):
        await visualize_cells(str(place.folder), job.slide, job.mpp)
    await confirm()
    await asyncio.to_thread(send_task.submit(prepared, place).result)
    await confirm()
    manifest = await asyncio.to_thread(commit_task.submit(prepared, place).result)
    await show_links(place, [entry["name"] for entry in manifest["files"]])
    return summary


async def _segment(attempt: Attempt, prepared: Prepared) -> int:
    """Segment the tiles that no earlier attempt finished.

    Returns:
        Tiles that were segmented now.
    """
    place, progress, plan = attempt.place, attempt.progress, prepared.plan
    missing = await asyncio.to_thread(
        find_missing_parts.submit(prepared, place, attempt.job).result
    )
    still = sum(len(plan.tasks[task]) for task in missing)
    progress.enter("segment", total=plan.tiles_kept, done=plan.tiles_kept - still)
    if attempt.own is None:
        await map_tiles(missing, attempt.job, place, progress)
    elif missing:
        await segment_in_shards(attempt.own, attempt.given, place, progress, plan, missing)
    return still
