"""The tile task: a run of consecutive tiles on the shared engine."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from slideloom.errors import BadInput
from slideloom.parameters import SegmentCells
from slideloom.progress import Stopped, progress_of
from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import run_tile_task
from slideloom.segmentation.stored import load_plan
from tasks.counted import Counted
from tasks.shared import shared_engine, shared_slide


def _worth_retrying(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """A second try helps against a passing fault, not against bad input or a stop."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, BadInput | Stopped)


# No tag: every tag of a task is a limit's name, and a limited tag costs 0.2 s.
@task(
    name="segment_tiles",
    task_run_name="tiles {index}",
    retries=1,
    retry_condition_fn=_worth_retrying,
    cache_policy=NO_CACHE,
)
def segment_tiles_task(
    index: int, job: SegmentCells, place: Workplace, attempt: str, models: Path | None = None
) -> int:
    """Segment the tiles of tile task `index` and store their part; number of cells reported."""
    with Counted(progress_of(attempt)) as counted:
        cells = run_tile_task(
            place.folder,
            index,
            shared_slide(job.slide, job.mpp),
            shared_engine(job.model, job.device, models),
            job.batch_size,
            watch=counted,
        )
        place.send_part(load_plan(place.folder).part_key(index))
        return cells
