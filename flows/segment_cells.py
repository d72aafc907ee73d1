"""The main flow: one slide, from pixels to a committed result."""

import asyncio
import time
from typing import Any

from prefect import flow, unmapped
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.aggregate_cells import aggregate_cells
from flows.merge_cells import merge_cells
from flows.visualize_cells import visualize_cells
from slideloom.parameters import SegmentCells
from slideloom.progress import forget, progress_of
from slideloom.results.folder import Claim, abandoned_on_bad_input
from slideloom.segmentation.aggregate import SUMMARY
from slideloom.segmentation.job import Prepared, default_workers
from slideloom.segmentation.runlog import RunLog
from tasks.artifacts import show_links, show_progress, start_progress
from tasks.naming import segment_name
from tasks.planning import find_missing_parts, plan_slide
from tasks.results import commit_task
from tasks.tiles import segment_tiles_task

_TILE_TASKS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=default_workers())


@flow(
    name="segment_cells",
    flow_run_name=segment_name,
    task_runner=_TILE_TASKS,
)
async def segment_cells(job: SegmentCells, out: str) -> dict[str, Any]:
    """Segment every nucleus of a slide: plan, tiles, merge, aggregate, draw, commit.

    Runs anywhere: under a worker, or in plain Python as `asyncio.run(segment_cells(job, out))`. A
    folder that already holds this very result is returned as it is; an unfinished one is taken up
    where it stands.

    Args:
        job: What to do.
        out: Folder of the result.

    Returns:
        The summary (`summary.json`).

    Raises:
        BadInput: The slide, the model, a parameter or the folder cannot be used; nothing is left.
        EngineFailed: The engine gave no usable answer; finished parts are kept.
    """
    progress_of(out).enter("plan")
    began = time.perf_counter()
    try:
        prepared = await asyncio.to_thread(plan_slide.submit(job, out).result)
        if prepared.claim is Claim.COMPLETE:
            return dict(prepared.folder.read_json(SUMMARY))
        with abandoned_on_bad_input(prepared.folder):
            log = RunLog(prepared.folder)
            log.record("plan", time.perf_counter() - began)
            return await _computed(prepared, job, out, log)
    finally:
        forget(out)


async def _computed(prepared: Prepared, job: SegmentCells, out: str, log: RunLog) -> dict[str, Any]:
    """The steps between claim and commit."""
    with log.stage("segment"):
        log.count_tiles(await _segment(prepared, job, out))
    progress_of(out).enter("merge")
    with log.stage("merge"):
        await merge_cells(out)
    with log.stage("aggregate"):
        summary = await aggregate_cells(out)
    progress_of(out).enter("draw")
    with log.stage("draw"):
        await visualize_cells(out, job.slide, job.mpp)
    log.write()
    manifest = await asyncio.to_thread(commit_task.submit(prepared).result)
    await show_links(prepared.folder.path, [entry["name"] for entry in manifest["files"]])
    return summary


async def _segment(prepared: Prepared, job: SegmentCells, out: str) -> int:
    """Map the tile tasks that no earlier attempt finished; stop all at the first failure.

    Returns:
        Tiles that were segmented now.
    """
    missing = await asyncio.to_thread(find_missing_parts.submit(prepared).result)
    plan, progress = prepared.plan, progress_of(out)
    still = sum(len(plan.tasks[task]) for task in missing)
    progress.enter("segment", total=plan.tiles_kept, done=plan.tiles_kept - still)
    shown = await start_progress(progress.total, progress.done)
    futures = segment_tiles_task.map(missing, unmapped(job), unmapped(out))
    try:
        for future in futures:
            await _finished(future)
            await show_progress(shown, progress.done, progress.total)
    except BaseException:
        progress.stopped.set()
        raise
    return still


async def _finished(future: PrefectFuture[int]) -> int:
    return await asyncio.to_thread(future.result)
