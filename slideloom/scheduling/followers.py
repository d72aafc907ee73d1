"""What an ill end drags along: the rest of its branch, and the branches that need it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from slideloom.scheduling.errors import RetryRefused
from slideloom.scheduling.graph import dependants
from slideloom.scheduling.state import Branch, Job, JobState, Workflow

_PENDING, _FAILED = JobState.PENDING, JobState.FAILED
_CANCELLED, _SKIPPED = JobState.CANCELLED, JobState.SKIPPED

ALL = -1
"""Place of the ill end of a branch that needs one which did not succeed: all its jobs follow."""


def ended_badly(job: Job) -> bool:
    """Whether the job has ended without success."""
    state = job.state
    return state is _FAILED or state is _CANCELLED or state is _SKIPPED


def ill_ends(
    branches: Sequence[Branch], is_ill: Callable[[Job], bool] = ended_badly
) -> list[int | None]:
    """Per branch the index after which no job can start any more; None where all still can."""
    first = [_first(branch, is_ill) for branch in branches]
    return _spread(branches, first) if any(end is not None for end in first) else first


def returning(branches: Sequence[Branch]) -> list[Job]:
    """Skipped jobs that nothing stands in the way of any more: what failed is tried again."""
    ends = ill_ends(branches, _failed_or_cancelled)
    return [
        job
        for branch, end in zip(branches, ends, strict=True)
        for place, job in enumerate(branch.jobs)
        if job.state is _SKIPPED and (end is None or place < end)
    ]


def _failed_or_cancelled(job: Job) -> bool:
    return job.state is _FAILED or job.state is _CANCELLED


def retry(workflow: Workflow, job_id: str, now_s: float) -> dict[str, Job]:
    """The jobs that change when a failed job is tried again: it, and followers that come back.

    A follower comes back unless something else still stands in its way. All of them queue from
    now on, so that retrying an old job again and again gets nobody ahead of those who wait.

    Args:
        workflow: The job's workflow.
        job_id: The failed job.
        now_s: The time, in seconds on the caller's clock.

    Raises:
        RetryRefused: There is no such job, or it has not failed.
    """
    home, index = _find_failed(workflow, job_id)
    reach = _reach(workflow.branches, home, index)

    def stays_ill(job: Job) -> bool:
        return ended_badly(job) and job.id != job_id and job.id not in reach

    returning = [workflow.branches[home].jobs[index]]
    ends = ill_ends(workflow.branches, stays_ill)
    for branch, end in zip(workflow.branches, ends, strict=True):
        returning += [
            job
            for place, job in enumerate(branch.jobs)
            if job.id in reach and (end is None or place < end)
        ]
    return {job.id: replace(job, state=_PENDING, not_before_s=now_s) for job in returning}


def _first(branch: Branch, is_ill: Callable[[Job], bool]) -> int | None:
    for index, job in enumerate(branch.jobs):
        if is_ill(job):
            return index
    return None


def _spread(branches: Sequence[Branch], first: list[int | None]) -> list[int | None]:
    """Mark all that needs an ill branch, also through others."""
    ends = list(first)
    index = {branch.name: place for place, branch in enumerate(branches)}
    needed_by = dependants({branch.name: branch.needs for branch in branches})
    ill = [place for place, end in enumerate(first) if end is not None]
    seen = set[int]()
    while ill:
        for name in needed_by[branches[ill.pop()].name]:
            place = index[name]
            if place not in seen:
                seen.add(place)
                ends[place] = ALL
                ill.append(place)
    return ends


def _find_failed(workflow: Workflow, job_id: str) -> tuple[int, int]:
    for place, branch in enumerate(workflow.branches):
        for index, job in enumerate(branch.jobs):
            if job.id == job_id:
                if job.state is not _FAILED:
                    raise RetryRefused(
                        f"job {job_id} is {job.state}: only a FAILED job can be retried"
                    )
                return place, index
    raise RetryRefused(f"there is no job {job_id} in workflow {workflow.id}: look it up again")


def _reach(branches: Sequence[Branch], home: int, index: int) -> set[str]:
    """Skipped jobs that the job at (home, index) may have dragged along."""
    start: list[int | None] = [None] * len(branches)
    start[home] = index
    return {
        job.id
        for branch, end in zip(branches, _spread(branches, start), strict=True)
        if end is not None
        for job in branch.jobs[end + 1 :]
        if job.state is _SKIPPED
    }
