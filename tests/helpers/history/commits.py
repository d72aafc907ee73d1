"""A job is committed once: in its states, and in its folder."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from .records import ENDED, QUEUED, Broken, History, JobHistory, Promise, has_ended

MANIFEST = "manifest.json"
"""The file whose presence commits a result."""


def committed_again(history: History) -> Iterator[Broken]:
    """Jobs that completed after they had ended, or twice without being queued in between."""
    for job in history.jobs:
        yield from _after_the_end(job)
        yield from _twice(job)


def _after_the_end(job: JobHistory) -> Iterator[Broken]:
    for before, after in pairwise(job.states):
        if before.type in ENDED and after.type == "COMPLETED":
            said = f"a job was {before} and then {after}, with no attempt in between"
            yield Broken(Promise.ONCE, said, (job.id,))


def _twice(job: JobHistory) -> Iterator[Broken]:
    completed = [place for place, state in enumerate(job.states) if state.type == "COMPLETED"]
    for first, second in pairwise(completed):
        between = job.states[first:second]
        if second > first + 1 and not any(state.name == QUEUED for state in between):
            said = "a job completed twice and was not queued again in between"
            yield Broken(Promise.ONCE, said, (job.id,))


def wrong_results(history: History) -> Iterator[Broken]:
    """Folders that do not say what the run says; for folders on this machine.

    A job that completed once keeps its result, whatever it was asked for afterwards. One whose
    cancel or crash came between its commit and its last word has a whole result, too, and is not
    counted: Prefect lets nothing but Cancelled follow on Cancelling.
    """
    for job in history.jobs:
        if not job.out or not has_ended(job.states):
            continue
        there = (Path(job.out) / MANIFEST).exists()
        completed = any(state.type == "COMPLETED" for state in job.states)
        cut_off = job.states[-1].type in {"CANCELLED", "CRASHED"} and _ran(job)
        if there != completed and not (there and cut_off):
            said = f"{'has' if there else 'has no'} manifest, the job {_said(job)}: {job.out}"
            yield Broken(Promise.RESULTS, said, (job.id,))


def _ran(job: JobHistory) -> bool:
    return any(state.type == "RUNNING" for state in job.states)


def _said(job: JobHistory) -> str:
    completed = any(state.type == "COMPLETED" for state in job.states)
    return "completed" if completed else f"never completed, it is {job.states[-1]}"
