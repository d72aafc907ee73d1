"""What pydantic finds wrong with a spec, as one line that names the place."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from slideloom.scheduling.text import Document, Path

_SHOWN = 60
"""Characters of a wrong value that are repeated in a message."""
_NOT_A_SPEC = "the spec must be a mapping with the fields tenant, name and branches"
_PATTERNS: dict[str | int, str] = {
    "tenant": "lower-case letters, digits and hyphens, at most 63",
    "device": "`auto`, `cpu`, `cuda` or `cuda:N`",
}


def one_line(error: ValidationError, document: Document) -> str:
    """The first thing that is wrong, and how much else is."""
    found = error.errors(include_url=False)
    path = _path(found[0]["loc"])
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return "".join(f"{word}: " for word in _where(path, document)) + _what(found[0], path) + others


def _where(path: Path, document: Document) -> list[str]:
    """Line and place in one word, or nothing where it is the spec as a whole."""
    if not path:
        return []
    line = _line(path, document)
    return [(f"line {line}, " if line else "") + _place(path, document.value)]


def _path(loc: Path) -> Path:
    """The place in the text: within a job pydantic adds the job's kind."""
    inside = len(loc) > 4 and loc[0] == "branches" and loc[2] == "jobs"
    return (*loc[:4], *loc[5:]) if inside else loc


def _line(path: Path, document: Document) -> int | None:
    """The line of the place, or of what surrounds it if it is missing."""
    steps = range(len(path), -1, -1)
    return next((document.lines[path[:n]] for n in steps if path[:n] in document.lines), None)


def _place(path: Path, value: Any) -> str:
    """The branch by its name, the job by its number, then the field."""
    words: list[str] = []
    if len(path) > 1 and path[0] == "branches":
        words.append(f"branch {_branch(value, path[1])}")
        path = path[2:]
        if len(path) > 1 and path[0] == "jobs" and isinstance(path[1], int):
            words.append(f"job {path[1] + 1}")
            path = path[2:]
    if path:
        words.append(".".join(str(step) for step in path))
    return ", ".join(words)


def _branch(value: Any, index: str | int) -> str:
    try:
        name = value["branches"][index]["name"]
    except (KeyError, TypeError, IndexError):
        name = None
    number = index + 1 if isinstance(index, int) else index
    return repr(name[:_SHOWN]) if isinstance(name, str) and name.strip() else str(number)


def _what(found: ErrorDetails, path: Path) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in ("model_type", "model_attributes_type"):
        return "must be a mapping of fields to values" if path else _NOT_A_SPEC
    if kind == "string_pattern_mismatch":
        return f"must be {_PATTERNS.get(path[-1], 'printable')}, not {_shown(found['input'])}"
    if kind == "missing":
        return "is missing: add it"
    if kind == "extra_forbidden":
        return "is not a field: check its spelling or take it out"
    if kind == "too_short":
        return f"is empty: give it at least one {'job' if path[-1] == 'jobs' else 'branch'}"
    if kind == "union_tag_not_found":
        return "says no kind: add `kind: segment_cells` or `kind: tissue_mask`"
    if kind == "union_tag_invalid":
        return f"kind {context['tag']!r} is unknown: choose {context['expected_tags']}"
    return _plain(found)


def _plain(found: ErrorDetails) -> str:
    """Pydantic's own sentence, with the value where it is short enough to show."""
    said, value = found["msg"].replace("Input should", "should"), found["input"]
    if value is None:
        return f"{said}, but nothing is there"
    if isinstance(value, str | int | float):
        return f"{said}, not {_shown(value)}"
    return said


def _shown(value: object) -> str:
    said = repr(value)
    return said if len(said) <= _SHOWN else said[:_SHOWN] + "…"
