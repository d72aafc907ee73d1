"""From what a workflow was to what it is: the messages that tell it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.live.messages import (
    Ended,
    ProgressMade,
    ReasonChanged,
    Removed,
    StateChanged,
    WorkflowChanged,
    body_of,
    steps_out,
)
from gateway.live.steps import Step
from gateway.showing import Clean, error_of, show_job, show_line, tiles_of, waits_of
from runs.views import JobView, WorkflowView

Steps = Mapping[str, Sequence[Step]]
"""States that runs have taken since they were told last, by the runs' ids."""


@dataclass(frozen=True, slots=True)
class News:
    """A message for those whom it concerns.

    Attributes:
        body: The message as JSON, not numbered yet.
        job: The job that it is about; None: the workflow.
        only_jobs: Only for those who watch this job, and not its whole workflow.
        gone: The job is no more: nothing comes after it for those who watch just this.
    """

    body: str
    job: str | None = None
    only_jobs: bool = False
    gone: bool = False


def news(old: WorkflowView, new: WorkflowView, steps: Steps, clean: Clean) -> Iterator[News]:
    """All that has changed, jobs before their workflow.

    Args:
        old: What was told.
        new: What is.
        steps: How it came about.
        clean: For texts.
    """
    before = {job.id: job for job in old.jobs}
    for job in new.jobs:
        yield from _of_job(before.pop(job.id, None), job, steps.get(job.id, ()), clean)
    for gone in before:
        yield News(body_of(Removed(what="job", id=gone)), gone, gone=True)
    yield from _of_workflow(old, new, steps.get(new.id, ()), clean)


def _of_job(
    old: JobView | None, new: JobView, steps: Sequence[Step], clean: Clean
) -> Iterator[News]:
    if old is None or steps or _stated(old) != _stated(new):
        told = StateChanged(job=show_job(new, clean), steps=steps_out(steps, clean))
        yield News(body_of(told), new.id)
    else:
        yield from _of_work(old, new, clean)
    if new.ended and (old is None or steps or not old.ended):
        ended = Ended(what="job", id=new.id, state=new.state)
        yield News(body_of(ended), new.id, only_jobs=True)


def _of_work(old: JobView, new: JobView, clean: Clean) -> Iterator[News]:
    """What may change within a state."""
    waits = waits_of(new, clean)
    if (old.done, old.total, old.waits) != (new.done, new.total, new.waits):
        yield News(body_of(ProgressMade(job=new.id, tiles=tiles_of(new), waits=waits)), new.id)
    if old.reason != new.reason:
        yield News(body_of(ReasonChanged(job=new.id, reason=new.reason, waits=waits)), new.id)


def _stated(job: JobView) -> tuple[object, ...]:
    return job.state, job.attempt, job.message, job.error, job.branch, job.number, job.times


def _of_workflow(
    old: WorkflowView, new: WorkflowView, steps: Sequence[Step], clean: Clean
) -> Iterator[News]:
    if steps or _line(old) != _line(new):
        told = WorkflowChanged(
            workflow=show_line(new, clean),
            error=error_of(new, clean),
            steps=steps_out(steps, clean),
        )
        yield News(body_of(told))
    if new.ended and not old.ended:
        yield News(body_of(Ended(what="workflow", id=new.id, state=new.state)))


def _line(view: WorkflowView) -> tuple[object, ...]:
    return view.state, view.message, view.done, view.total
