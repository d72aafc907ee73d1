"""No job is lost, and none is stopped by what it does not depend on."""

import math
from collections import Counter
from collections.abc import Iterator

from .order import needed
from .records import (
    AWAITING,
    ILL,
    SKIPPED,
    Broken,
    History,
    JobHistory,
    Promise,
    WorkflowHistory,
    has_ended,
    ids,
    last_end,
)
from .stretches import stretches

ENDS = frozenset({"Completed", "Failed", "Crashed", "Cancelled", SKIPPED})
"""Names that a job's end may have."""

_Branches = dict[tuple[str, int], list[JobHistory]]


def lost(history: History, final: bool) -> Iterator[Broken]:
    """Workflows without all their jobs, jobs without their workflow, jobs that never ended.

    Args:
        history: What was read.
        final: Everything must have ended.
    """
    jobs = history.by_workflow()
    for flow in history.workflows:
        yield from _miscounted(flow, jobs.get(flow.id, []))
    known = {flow.id for flow in history.workflows}
    for job in history.jobs:
        if job.workflow not in known:
            said = f"a job's workflow {job.workflow} is not on the server"
            yield Broken(Promise.NONE_LOST, said, (job.id,))
        if final and not has_ended(job.states):
            said = f"a job has not ended: {job.states[-1] if job.states else 'it has no state'}"
            yield Broken(Promise.NONE_LOST, said, (job.id,))
        elif has_ended(job.states) and job.states[-1].name not in ENDS:
            said = f"a job's end has no name of ours: {job.states[-1]}"
            yield Broken(Promise.NONE_LOST, said, (job.id,))


def stopped(history: History, final: bool) -> Iterator[Broken]:
    """Jobs skipped without a reason, and jobs that nobody skipped though nothing can save them.

    A reason is a job that failed, crashed or was cancelled, before it in its branch or in a branch
    that its own needs, directly or not. Asked when it is skipped and, if it has stayed so, now.
    """
    branches = history.by_branch()
    flows = {flow.id: flow for flow in history.workflows}
    for job in history.jobs:
        causes = _causes(job, flows.get(job.workflow), branches)
        skips = [state.at_s for state in job.states if state.name == SKIPPED]
        moments = [*skips, math.inf] if skips and job.states[-1].name == SKIPPED else skips
        if any(not _ill(causes, moment) for moment in moments):
            said = "a job is skipped while nothing that it depends on has failed"
            yield Broken(Promise.OWN_BRANCH, said, (job.id,))
        ill = _ill(causes, math.inf)
        if final and ill and not has_ended(job.states):
            said = "a job was not skipped though what it depends on has failed"
            yield Broken(Promise.NONE_LOST, said, ids([ill[0], job]))


def was_accepted(flow: WorkflowHistory, jobs: list[JobHistory]) -> bool:
    """Whether a workflow came to wait for its jobs, completed, or has had a job started."""
    waited = any(state.name == AWAITING or state.type == "COMPLETED" for state in flow.states)
    return waited or any(stretches(job) for job in jobs)


def _miscounted(flow: WorkflowHistory, jobs: list[JobHistory]) -> Iterator[Broken]:
    expected = {
        (number, index) for number, shape in enumerate(flow.branches) for index in range(shape.jobs)
    }
    found = Counter((job.branch, job.index) for job in jobs)
    for place in sorted(place for place in found if found[place] > (place in expected)):
        own = [job for job in jobs if (job.branch, job.index) == place]
        said = f"{len(own)} runs are job {place[1]} of branch {place[0]} of workflow {flow.id}"
        yield Broken(Promise.NONE_LOST, said, ids(own))
    if not expected and was_accepted(flow, jobs):
        yield Broken(Promise.NONE_LOST, "a workflow without a spec was accepted", (flow.id,))
    missing = sorted(expected - set(found))
    if missing and was_accepted(flow, jobs):
        said = f"{len(missing)} of {len(expected)} jobs are missing (branch, job): {missing[:9]}"
        yield Broken(Promise.NONE_LOST, said, (flow.id,))


def _causes(job: JobHistory, flow: WorkflowHistory | None, branches: _Branches) -> list[JobHistory]:
    """All jobs whose end can condemn this one."""
    own = branches[job.workflow, job.branch]
    found = [other for other in own if other.index < job.index]
    for number in _all_needed(flow, job.branch) if flow else ():
        found += branches.get((job.workflow, number), [])
    return found


def _all_needed(flow: WorkflowHistory, branch: int) -> set[int]:
    """Numbers of the branches that a branch needs, directly or not."""
    found: set[int] = set()
    ahead = needed(flow, branch)
    while ahead:
        number = ahead.pop()
        if number not in found:
            found.add(number)
            ahead += needed(flow, number)
    return found


def _ill(causes: list[JobHistory], when_s: float) -> list[JobHistory]:
    """Those whose last end up to then was ill, by themselves and not by being skipped."""
    ends = [(job, last_end(job.states, when_s)) for job in causes]
    return [job for job, end in ends if end and end.type in ILL and end.name != SKIPPED]
