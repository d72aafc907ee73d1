"""Checks that need no Prefect: bad input is refused before a server is started."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from slideloom.errors import ParametersUnusable

_Job = TypeVar("_Job", bound=BaseModel)


def job_of(kind: type[_Job], **given: Any) -> _Job:
    """The job's parameters; what was not given takes its default.

    Raises:
        ParametersUnusable: A parameter is out of bounds.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        said = [f"--{'-'.join(map(str, e['loc'])).replace('_', '-')}: {e['msg']}" for e in error.errors()]
        raise ParametersUnusable("; ".join(said)) from None


def absolute(path: Path) -> str:
    """The path as runs know it, wherever they run on this machine."""
    return str(path.expanduser().absolute())
