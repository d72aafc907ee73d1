"""Nobody gets past the dispatcher: each start comes out of the queue, and was written down."""

from collections.abc import Iterator

from .records import CLAIMED, QUEUED, Broken, History, JobHistory, Promise, StateAt
from .stretches import Stretch, stretches


def past_the_dispatcher(history: History) -> Iterator[Broken]:
    """Starts that no admission led to, by the states and by the labels."""
    for job in history.jobs:
        found = stretches(job)
        yield from _not_from_the_queue(job, found)
        yield from _not_written_down(job, found)


def strangers_that_ran(history: History) -> Iterator[Broken]:
    """Runs of internal deployments that belong to no workflow and did start."""
    for run in history.strangers:
        started = [state for state in run.states if state.type in {*CLAIMED, "COMPLETED"}]
        if started:
            said = f"a run that belongs to no workflow was {started[0]} at {started[0].at_s:.6f}"
            yield Broken(Promise.ADMISSION, said, (run.id,))


def _not_from_the_queue(job: JobHistory, found: list[Stretch]) -> Iterator[Broken]:
    for part in found:
        if part.queued is None:
            origin = f"it was {part.before}" if part.before else "it was created so"
            said = f"a job starts at {part.start_s:.6f} not out of the queue: {origin}"
            yield Broken(Promise.ADMISSION, said, (job.id,))


def _not_written_down(job: JobHistory, found: list[Stretch]) -> Iterator[Broken]:
    """The labels count the admissions and name the last one."""
    if job.attempt is None or not found:
        return
    if len(found) > job.attempt:
        said = f"a job started {len(found)} times, its label counts {job.attempt} admissions"
        yield Broken(Promise.ADMISSION, said, (job.id,))
    last = found[-1].queued
    if last and job.admitted not in _expected(job, last):
        said = (
            f"a job's last start came out of the Queued state {last.id}, its label names "
            f"{job.admitted or 'none'}"
        )
        yield Broken(Promise.ADMISSION, said, (job.id,))


def _expected(job: JobHistory, last: StateAt) -> set[str]:
    """What the label may say: the Queued state of the last start or, not resumed, a later one.

    Whoever takes over from a dispatcher may take back what that one had written and not done.
    """
    queued = [state.id for state in job.states if state.name == QUEUED and state.at_s >= last.at_s]
    return {*queued, ""} if len(queued) > 1 else set(queued)
