"""Changes of a run's state, and whether those that were heard of are all there were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

BEGINNING = ""
"""What a run's first state follows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A state that a run has taken.

    Attributes:
        id: The state's id.
        at: When it was taken, by Prefect's clock.
        name: Its name, such as `Queued`.
        kind: Its type, such as `PAUSED`.
        message: What it says.
        follows: Id of the state before it; None: that is not known.
    """

    id: str
    at: datetime
    name: str
    kind: str
    message: str
    follows: str | None = None


def chain(heard: Mapping[str, Step], after: str, last: str) -> list[Step] | None:
    """The steps that lead from one state to another, in order.

    Args:
        heard: What was heard of, by id.
        after: Id of the state where they begin, which is not one of them; or `BEGINNING`.
        last: Id of the state where they end, which is one of them.

    Returns:
        None where it cannot be told that no step is missing.
    """
    steps: list[Step] = []
    step = heard.get(last)
    while step is not None and len(steps) < len(heard):
        steps.append(step)
        if step.follows == after:
            return steps[::-1]
        step = heard.get(step.follows or "")
    return None


def since(history: Sequence[Step], after: str, last: Step) -> list[Step]:
    """The part of a run's history that lies behind one state, up to another.

    Args:
        history: All states of the run, in order.
        after: Id of the state where the part begins, which is not one of it; or `BEGINNING`.
        last: Where it ends.
    """
    ids = [step.id for step in history]
    begin = ids.index(after) + 1 if after in ids else 0
    end = ids.index(last.id) if last.id in ids else len(ids)
    return [*history[begin:end], last]
