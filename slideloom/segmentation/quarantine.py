"""Tiles that cannot be segmented: what becomes of them, and how parts that lack them are found."""

from dataclasses import dataclass
from pathlib import Path

from slideloom.errors import EngineFailed, OutputConflict
from slideloom.parameters import SegmentCells
from slideloom.results.parts import Gap, has_part, part_name, read_gaps
from slideloom.segmentation.plan import Plan

DIED = "workers died on it"
"""Reason of a gap that no engine can state."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What becomes of tiles that cannot be segmented.

    Attributes:
        gaps: They are left out; False: their tile task fails.
        skip: Indices of tiles that are not tried, as workers died on them.
    """

    gaps: bool = False
    skip: frozenset[int] = frozenset()


NO_GAPS = Quarantine()


def stored_key(plan: Plan, folder: Path, task: int) -> str:
    """Key of a tile task's part in the folder: of the whole one, unless there is only the other."""
    whole, with_gaps = plan.part_keys(task, gaps=True)
    if (folder / part_name(with_gaps)).exists() and not has_part(folder, whole):
        return with_gaps
    return whole


def gaps_of(plan: Plan, folder: Path) -> list[Gap]:
    """The tiles that are missing from the parts in the folder, in the order of the tiles.

    Raises:
        EngineFailed: All are.
    """
    gaps = list[Gap]()
    for task in range(len(plan.tasks)):
        if (key := stored_key(plan, folder, task)) != plan.part_key(task):
            gaps += read_gaps(folder, key)
    if gaps and len(gaps) == plan.tiles_kept:
        raise EngineFailed(
            f"{plan.slide.name}: none of {len(gaps)} tiles could be segmented, the first because: "
            f"{gaps[0].reason}: look at the slide and the model; a run that fails on bad tiles "
            "(--on-bad-tile fail) tries them all again"
        )
    return gaps


def refuse_gaps(told: str, gaps: int, job: SegmentCells) -> None:
    """A job that fails on bad tiles does not take a result that lacks some for its own.

    Args:
        told: The place of the finished result, in words.
        gaps: Tiles that are missing from it.
        job: The job that has found it.

    Raises:
        OutputConflict: Tiles are missing that the job does not do without.
    """
    if gaps and not job.gaps:
        raise OutputConflict(
            f"{told} holds a result with {gaps} of its tiles missing (see `gaps` in summary.json): "
            "choose another folder with --out, or take it as it is with --on-bad-tile gap"
        )
