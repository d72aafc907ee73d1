"""How long a tenant holds its place: from its first admission until none of its jobs is unfinished.

A job is there once its workflow has all its jobs, and unfinished until a terminal state. What
errs does so on the tenant's side, so that nothing is called broken that was not:

- A job that was skipped is taken to have ended when the last job of its workflow that was not
  skipped itself failed or was cancelled: from then on nobody waited for it.
- Between a failure and its automatic retry the job counts as ended.
"""

import math
from collections.abc import Sequence

from .records import ENDED, ILL, SKIPPED, History, JobHistory
from .stretches import Leg, Phase, Span, Stretch, legs, merged


def complete_s(jobs: Sequence[JobHistory]) -> float:
    """When a workflow had all its jobs; endless where it does not."""
    if not jobs or len(jobs) < max(job.jobs for job in jobs):
        return math.inf
    return max((job.states[0].at_s if job.states else math.inf) for job in jobs)


def unfinished(history: History) -> list[Span]:
    """Times at which each tenant has unfinished jobs, touching ones made one."""
    spans = []
    for jobs in history.by_workflow().values():
        from_s = complete_s(jobs)
        ill_s = _ill_ends(jobs)
        spans += [span for job in jobs for span in _unfinished(job, from_s, ill_s)]
    return merged(span for span in spans if span.start_s < span.end_s)


def stays(history: History, running: Sequence[Stretch]) -> list[Span]:
    """Times at which each tenant holds a place, with the run that was admitted first."""
    found = []
    for span in unfinished(history):
        first = next((part for part in running if _begins(part, span)), None)
        if first:
            found.append(Span(first.start_s, span.end_s, span.who, (first.job.id,)))
    return found


def _begins(part: Stretch, span: Span) -> bool:
    return part.job.tenant == span.who and span.start_s <= part.start_s < span.end_s


def _ill_ends(jobs: Sequence[JobHistory]) -> list[float]:
    """When jobs of a workflow failed or were cancelled by themselves."""
    return [
        state.at_s
        for job in jobs
        for state in job.states
        if state.type in ILL and state.name != SKIPPED
    ]


def _unfinished(job: JobHistory, from_s: float, ill_s: Sequence[float]) -> list[Span]:
    """The job's unfinished times, cut where it was clear that it would be skipped."""
    found = []
    parts = legs(job.states)
    for place, leg in enumerate(parts):
        if leg.phase is not Phase.ENDED:
            end_s = leg.end_s
            if leg.phase is Phase.HELD and _is_skip(parts[place + 1 : place + 2]):
                end_s = max((ill for ill in ill_s if ill <= end_s), default=end_s)
            found.append(Span(max(leg.start_s, from_s), end_s, job.tenant, (job.id,)))
    return found


def _is_skip(following: Sequence[Leg]) -> bool:
    if not following:
        return False
    state = following[0].states[0]
    return state.type in ENDED and state.name == SKIPPED
