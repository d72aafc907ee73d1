"""The tile task: a run of consecutive tiles on the shared engine."""

from dataclasses import dataclass
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
from slideloom.segmentation.quarantine import Quarantine
from slideloom.segmentation.stored import load_plan
from tasks.counted import Counted, Marked
from tasks.shared import check_unchanged, shared_engine, shared_slide


@dataclass(frozen=True, slots=True)
class Care:
    """What is known of bad tiles before they are tried.

    Attributes:
        skip: Indices of tiles on which workers died, to be left out.
        token: Name under which each tile is marked while it is tried; empty: none is.
    """

    skip: frozenset[int] = frozenset()
    token: str = ""


def _worth_retrying(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """A second try helps against a passing fault, not against bad input or a stop."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, BadInput | Stopped)


_NONE = Care()


# No tag: every tag of a task is a limit's name, and a limited tag costs 0.2 s.
@task(
    name="segment_tiles",
    task_run_name="tiles {index}",
    retries=1,
    retry_condition_fn=_worth_retrying,
    cache_policy=NO_CACHE,
)
def segment_tiles_task(
    index: int,
    job: SegmentCells,
    place: Workplace,
    attempt: str,
    models: Path | None = None,
    care: Care = _NONE,
) -> int:
    """Segment the tiles of tile task `index` and store their part; number of cells reported."""
    progress = progress_of(attempt)
    watch = Marked(progress, place, care.token) if care.token else Counted(progress)
    slide = shared_slide(job.slide, job.mpp)
    check_unchanged(slide, load_plan(place.folder).slide.fingerprint)
    with watch:
        part = run_tile_task(
            place.folder,
            index,
            slide,
            shared_engine(job.model, job.device, models),
            job.batch_size,
            watch=watch,
            bad=Quarantine(job.gaps, care.skip),
        )
        progress.go_on()  # nobody may want it any more
        place.send_part(part.key)
        return part.cells
