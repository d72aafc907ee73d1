"""A workflow ends as its jobs did, and not before them."""

from collections.abc import Iterator

from .losses import was_accepted
from .records import (
    ENDED,
    Broken,
    History,
    JobHistory,
    Promise,
    StateAt,
    WorkflowHistory,
    has_ended,
    ids,
    state_at,
)
from .stretches import Stretch

_BROKE = frozenset({"FAILED", "CRASHED"})


def ended_wrongly(history: History, final: bool) -> Iterator[Broken]:
    """Ends of workflows that do not fit their jobs at that moment.

    Each end counts, also one that a retry has undone. A workflow that is cancelled may end before
    its jobs have stopped. One that was refused has no jobs and fails.

    Args:
        history: What was read.
        final: Everything must have ended.
    """
    jobs = history.by_workflow()
    for flow in history.workflows:
        own = jobs.get(flow.id, [])
        if was_accepted(flow, own):
            for place, state in enumerate(flow.states):
                if state.type in ENDED:
                    before = flow.states[place - 1] if place else None
                    yield from _misfits(flow, own, state, before)
        if final and not has_ended(flow.states):
            said = f"a workflow has not ended: {flow.states[-1] if flow.states else 'no state'}"
            yield Broken(Promise.WORKFLOW, said, (flow.id,))
        elif final and flow.states[-1].type == "CRASHED":
            yield Broken(Promise.WORKFLOW, "a workflow's own run crashed", (flow.id,))


def started_after_the_end(history: History, running: list[Stretch]) -> Iterator[Broken]:
    """Jobs that started while their workflow was Completed or Failed: it says an end too early."""
    flows = {flow.id: flow for flow in history.workflows}
    for part in running:
        flow = flows.get(part.job.workflow)
        state = state_at(flow.states, part.start_s) if flow else None
        if state and state.type in {"COMPLETED", "FAILED"}:
            said = f"a job starts at {part.start_s:.6f} while its workflow is {state}"
            yield Broken(Promise.WORKFLOW, said, (part.job.workflow, part.job.id))


def _misfits(
    flow: WorkflowHistory, jobs: list[JobHistory], end: StateAt, before: StateAt | None
) -> Iterator[Broken]:
    types = {job.id: _type_at(job, end.at_s) for job in jobs}
    going_on = [job for job in jobs if types[job.id] not in ENDED]
    by_hand = end.type == "CANCELLED" and (before is None or before.type != "RUNNING")
    if end.type == "CRASHED" or by_hand:
        return
    if going_on:
        said = f"a workflow is {end} while {len(going_on)} of its jobs have not ended"
        yield Broken(Promise.WORKFLOW, said, (flow.id, *ids(going_on)))
    elif end.type != (due := _outcome(set(types.values()))):
        odd = [job for job in jobs if types[job.id] != "COMPLETED"]
        said = f"a workflow is {end}, by its jobs it is {due}"
        yield Broken(Promise.WORKFLOW, said, (flow.id, *ids(odd)))


def _outcome(types: set[str]) -> str:
    """How a workflow ends whose jobs ended so."""
    if types & _BROKE:
        return "FAILED"
    return "CANCELLED" if "CANCELLED" in types else "COMPLETED"


def _type_at(job: JobHistory, when_s: float) -> str:
    state = state_at(job.states, when_s)
    return state.type if state else ""
