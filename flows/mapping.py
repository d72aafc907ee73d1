"""Tile tasks mapped over a thread pool: all of them, or none goes on."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import unmapped
from prefect.futures import as_completed, wait
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from slideloom.parameters import SegmentCells
from slideloom.progress import Progress
from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import default_workers
from tasks.tiles import Care, segment_tiles_task

TILE_TASKS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=default_workers())
"""For flows that map tile tasks."""


async def map_tiles(
    missing: Sequence[int],
    job: SegmentCells,
    place: Workplace,
    progress: Progress,
    models: Path | None = None,
    care: Care | None = None,
) -> None:
    """Segment these tile tasks; stop all at the first failure.

    Args:
        missing: Numbers of the tile tasks.
        job: What to do.
        place: Where the plan is, and the parts go.
        progress: The attempt that they belong to.
        models: Folder of recorded models; None: that of this process's environment.
        care: What is known of bad tiles.
    """
    futures = segment_tiles_task.map(
        missing,
        unmapped(job),
        unmapped(place),
        unmapped(progress.attempt),
        unmapped(models),
        unmapped(care or Care()),
    )
    try:
        finished = as_completed(futures)
        while (future := await asyncio.to_thread(next, finished, None)) is not None:
            future.result()
    except BaseException:
        # Nobody may write into the folder any more when it is abandoned or let go.
        progress.stop()
        wait(futures)
        raise
