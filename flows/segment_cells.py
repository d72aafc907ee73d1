"""The main flow: one slide, from pixels to a committed result."""

import asyncio
import time
from typing import Any

from prefect import flow, unmapped
from prefect.futures import as_completed, wait
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.aggregate_cells import aggregate_cells
from flows.merge_cells import merge_cells
from flows.visualize_cells import visualize_cells
from slideloom.parameters import SegmentCells
from slideloom.progress import Progress, attempt_at
from slideloom.results.folder import abandoned_on_bad_input
from slideloom.results.identity import Claim
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
    began = time.perf_counter()
    with attempt_at(out) as progress:
        progress.enter("plan")
        prepared = await asyncio.to_thread(plan_slide.submit(job, out).result)
        if prepared.claim is Claim.COMPLETE:
            return dict(prepared.folder.read_json(SUMMARY))
        with abandoned_on_bad_input(prepared.folder):
            log = RunLog(prepared.folder)
            log.record("plan", time.perf_counter() - began)
            return await _computed(prepared, job, progress, log)


async def _computed(
    prepared: Prepared, job: SegmentCells, progress: Progress, log: RunLog
) -> dict[str, Any]:
    """The steps between claim and commit."""
    with log.stage("segment"):
        log.count_tiles(await _segment(prepared, job, progress))
    progress.enter("merge")
    with log.stage("merge"):
        await merge_cells(progress.folder)
    with log.stage("aggregate"):
        summary = await aggregate_cells(progress.folder)
    progress.enter("draw")
    with log.stage("draw"):
        await visualize_cells(progress.folder, job.slide, job.mpp)
    manifest = await asyncio.to_thread(commit_task.submit(prepared).result)
    await show_links(prepared.folder.path, [entry["name"] for entry in manifest["files"]])
    return summary


async def _segment(prepared: Prepared, job: SegmentCells, progress: Progress) -> int:
    """Map the tile tasks that no earlier attempt finished; stop all at the first failure.

    Returns:
        Tiles that were segmented now.
    """
    missing = await asyncio.to_thread(find_missing_parts.submit(prepared).result)
    plan = prepared.plan
    still = sum(len(plan.tasks[task]) for task in missing)
    progress.enter("segment", total=plan.tiles_kept, done=plan.tiles_kept - still)
    shown = await start_progress(progress.total, progress.done)
    futures = segment_tiles_task.map(
        missing, unmapped(job), unmapped(progress.folder), unmapped(progress.attempt)
    )
    try:
        finished = as_completed(futures)
        while (future := await asyncio.to_thread(next, finished, None)) is not None:
            future.result()
            await show_progress(shown, progress.done, progress.total)
    except BaseException:
        # Nobody may write into the folder any more when it is abandoned or let go.
        progress.stop()
        wait(futures)
        raise
    return still
