"""The main flow: one slide, from pixels to a committed result."""

import asyncio
import time
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
from slideloom.segmentation.aggregate import SUMMARY
from slideloom.segmentation.job import Prepared
from slideloom.segmentation.runlog import RunLog
from tasks.artifacts import show_links
from tasks.naming import segment_name
from tasks.planning import find_missing_parts, plan_slide
from tasks.reporting import reported
from tasks.results import commit_task
from tasks.shards import engine_of, own_job, segment_in_shards


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
        EngineFailed: The engine gave no usable answer; finished parts are kept.
    """
    began = time.perf_counter()
    async with admitted():
        own = await own_job()
        with attempt_at(out) as progress:
            async with reported(progress, own):
                prepared = await _planned(job, progress, own)
                if prepared.claim is Claim.COMPLETE:
                    return dict(prepared.folder.read_json(SUMMARY))
                with abandoned_on_bad_input(prepared.folder):
                    log = RunLog(prepared.folder)
                    log.record("plan", time.perf_counter() - began)
                    return await _computed(prepared, job, progress, log, own)


async def _planned(job: SegmentCells, progress: Progress, own: JobRun | None) -> Prepared:
    """The plan, stored in the claimed folder; on a server the GPU pool tells what the model is."""
    progress.enter("plan")
    engine = await engine_of(own, job) if own else None
    prepared = await asyncio.to_thread(plan_slide.submit(job, progress.folder, engine).result)
    tiles = prepared.plan.tiles_kept
    progress.enter("planned", total=tiles, done=tiles if prepared.claim is Claim.COMPLETE else 0)
    return prepared


async def _computed(
    prepared: Prepared, job: SegmentCells, progress: Progress, log: RunLog, own: JobRun | None
) -> dict[str, Any]:
    """The steps between claim and commit."""
    with log.stage("segment"):
        log.count_tiles(await _segment(prepared, job, progress, own))
    progress.enter("merge")
    with log.stage("merge"):
        await merge_cells(progress.folder)
    with log.stage("aggregate"):
        summary = await aggregate_cells(progress.folder)
    progress.enter("draw")
    with log.stage("draw"):
        await visualize_cells(progress.folder, job.slide, job.mpp)
    await confirm()
    manifest = await asyncio.to_thread(commit_task.submit(prepared).result)
    await show_links(prepared.folder.path, [entry["name"] for entry in manifest["files"]])
    return summary


async def _segment(
    prepared: Prepared, job: SegmentCells, progress: Progress, own: JobRun | None
) -> int:
    """Segment the tiles that no earlier attempt finished.

    Returns:
        Tiles that were segmented now.
    """
    missing = await asyncio.to_thread(find_missing_parts.submit(prepared).result)
    plan = prepared.plan
    still = sum(len(plan.tasks[task]) for task in missing)
    progress.enter("segment", total=plan.tiles_kept, done=plan.tiles_kept - still)
    if own is None:
        await map_tiles(missing, job, progress)
    elif missing:
        await segment_in_shards(own, job, progress, plan, missing)
    return still
