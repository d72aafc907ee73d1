"""A workflow that is not taken: all that is wrong with it, in one line."""

from collections.abc import Sequence
from typing import Any

from slideloom.errors import BadInput
from slideloom.scheduling.spec import WorkflowSpec, check_spec

SHOWN = 10
"""Problems that are told one by one."""


class WorkflowRefused(BadInput):
    """The workflow cannot be run as it stands: nothing was made."""


def refuse(problems: Sequence[str]) -> None:
    """Refuse what has problems; the same one is told once.

    Raises:
        WorkflowRefused: There is at least one.
    """
    told = list(dict.fromkeys(" ".join(problem.split()) for problem in problems))
    if told:
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        raise WorkflowRefused("; ".join(told[:SHOWN]) + more)


def read_spec(stated: Any) -> WorkflowSpec:
    """The spec, from a run's parameters or as an object.

    Raises:
        SpecUnusable: In one line where, what, and what to do about it.
    """
    return stated if isinstance(stated, WorkflowSpec) else check_spec(stated)
