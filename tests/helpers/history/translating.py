"""From Prefect's runs and states to plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State

from runs import labels

from .records import (
    BranchShape,
    History,
    JobHistory,
    StateAt,
    StrangerHistory,
    WorkflowHistory,
)


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run as it was read.

    Attributes:
        run: The run, no older than its states.
        states: All its states by time.
        until_s: What was taken later is left out.
    """

    run: FlowRun
    states: tuple[State[Any], ...]
    until_s: float

    def ordered(self) -> tuple[tuple[StateAt, ...], bool]:
        """Its states in the order in which they took effect; whether that is not by time."""
        current = str(self.run.state.id) if self.run.state else ""
        return in_effect([plain(state) for state in self.states], current)

    def kept(self) -> tuple[StateAt, ...]:
        """Its states up to `until_s`."""
        return tuple(state for state in self.ordered()[0] if state.at_s <= self.until_s)

    @property
    def is_new(self) -> bool:
        """Whether it came into being after `until_s`."""
        return bool(self.states) and not self.kept()


def plain(state: State[Any]) -> StateAt:
    """A state as a plain value."""
    return StateAt(
        type=state.type.value,
        name=state.name or "",
        at_s=state.timestamp.timestamp(),
        id=str(state.id),
        message=state.message or "",
    )


def in_effect(states: Sequence[StateAt], current: str) -> tuple[tuple[StateAt, ...], bool]:
    """States in the order in which they took effect, and whether that is not the order by time.

    The current state is the last. Where another has a later time it was asked for later and took
    effect earlier: the current one gets that time, before which it cannot have taken effect.

    Args:
        states: Ordered by time.
        current: Id of the run's current state.
    """
    at = next((place for place, state in enumerate(states) if state.id == current), None)
    if at is None or at == len(states) - 1:
        return tuple(states), False
    late = states[at]
    moved = StateAt(late.type, late.name, states[-1].at_s, late.id, late.message)
    return (*states[:at], *states[at + 1 :], moved), True


def translated(read: Sequence[RunRead], workflows: set[UUID]) -> History:
    """The history of what was read.

    Args:
        read: Runs of workflows and of jobs.
        workflows: Ids of the runs that are workflows.
    """
    there = [one for one in read if not one.is_new]
    others = [one for one in there if one.run.id not in workflows]
    return History(
        workflows=tuple(_workflow(one) for one in there if one.run.id in workflows),
        jobs=tuple(_job(one) for one in others if _is_job(one)),
        strangers=tuple(
            StrangerHistory(str(one.run.id), one.kept()) for one in others if not _is_job(one)
        ),
        inversions=sum(one.ordered()[1] for one in there),
    )


def _is_job(one: RunRead) -> bool:
    return labels.WORKFLOW in (one.run.labels or {})


def _job(one: RunRead) -> JobHistory:
    written: dict[str, Any] = dict(one.run.labels or {})
    given = one.run.parameters or {}
    kept = one.kept()
    whole = len(kept) == len(one.states)  # else the labels may speak of what was left out
    return JobHistory(
        id=str(one.run.id),
        tenant=str(written[labels.TENANT]),
        workflow=str(written[labels.WORKFLOW]),
        branch=int(written[labels.BRANCH]),
        index=int(written[labels.INDEX]),
        jobs=int(written[labels.JOBS]),
        kind=str((given.get("job") or {}).get("kind", "")),
        states=kept,
        attempt=int(written.get(labels.ATTEMPT, 0)) if whole else None,
        admitted=str(written.get(labels.ADMITTED, "")) if whole else "",
        not_before_s=float(written[labels.NOT_BEFORE]) if written.get(labels.NOT_BEFORE) else None,
        out=str(given.get("out", "")),
    )


def _workflow(one: RunRead) -> WorkflowHistory:
    spec = (one.run.parameters or {}).get("spec")
    tenant = str(spec.get("tenant", "")) if isinstance(spec, dict) else ""
    return WorkflowHistory(str(one.run.id), tenant, _shapes(spec), one.kept())


def _shapes(spec: Any) -> tuple[BranchShape, ...]:
    """Branches of a spec; none where it is no spec, which a workflow's run refuses."""
    try:
        return tuple(
            BranchShape(str(branch["name"]), len(branch["jobs"]), tuple(branch.get("needs") or ()))
            for branch in spec["branches"]
        )
    except (KeyError, TypeError, AttributeError):
        return ()
