"""From the text of a spec to plain data, with the line of everything for messages.

Both readers return nothing but mappings, lists and scalars, refuse a key that is given twice, and
cannot be made to use more memory than the text is long: YAML is built from the parser's events,
without aliases or tags. Unquoted YAML scalars stay text, except null, because YAML 1.1 would read
`tissue: off` as false and `name: 1e3` as a number; the models know which fields are numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from slideloom.scheduling.errors import SpecUnreadable

MAX_BYTES = 256 * 1024
"""With every default written out a spec of this size stays below 512 KiB, which is what an
orchestrator takes as the parameters of one run."""
MAX_DEPTH = 16

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and, where the text was YAML, the line at which each part of it begins.

    Attributes:
        value: Mappings, lists and scalars.
        lines: Line, from 1, of each path of keys and indices.
    """

    value: Any
    lines: Mapping[Path, int]


def read(text: str | bytes) -> Document:
    """Read YAML or JSON.

    Raises:
        SpecUnreadable: The text is too large, not UTF-8, broken, or more than plain data.
    """
    decoded = _decoded(text)
    if decoded.lstrip()[:1] in ("{", "["):
        try:
            return Document(_from_json(decoded), {})
        except ValueError:
            pass  # YAML in braces looks like JSON at first; if it is neither, YAML names the line
    return _from_yaml(decoded)


def _decoded(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    if len(raw) > MAX_BYTES:
        raise SpecUnreadable(
            f"the spec has {len(raw)} bytes, more than {MAX_BYTES}: split it into several workflows"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecUnreadable(
            f"the spec is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from error


def _from_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep() from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _repeated(next(key for key in keys if keys.count(key) > 1))
    return content


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _from_yaml(text: str) -> Document:
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise SpecUnreadable(f"{line}neither YAML nor JSON: {error.problem}") from error
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise SpecUnreadable(f"the spec is neither YAML nor JSON: {said}") from error
    return Document(builder.root, builder.lines)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled."""

    content: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Builds plain data from parser events with a stack of its own, so depth costs nothing."""

    root: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    documents: int = 0

    def take(self, event: yaml.Event) -> None:
        """Add one event."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise SpecUnreadable(f"line {line}: a second document: submit one spec at a time")
        elif isinstance(event, yaml.AliasEvent):
            raise SpecUnreadable(f"line {line}: alias *{event.anchor}: write its content out")
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        if event.tag is not None:
            raise SpecUnreadable(f"line {line}: tag {event.tag}: only plain values are taken")
        if self._is_key():
            self._name(event, line)
            return
        path = self._path()
        self.lines[path] = line
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0]
            self._put(None if plain and event.value in _NULL else event.value)
            return
        if len(self.open) == MAX_DEPTH:
            raise _too_deep(line)
        content: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(content)
        self.open.append(_Open(content, path))

    def _is_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].content, dict) and not self.open[-1].key

    def _name(self, event: yaml.NodeEvent, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent) or not event.value:
            raise SpecUnreadable(f"line {line}: a key must be a plain word")
        if event.value in self.open[-1].content:
            raise _repeated(event.value, line)
        self.open[-1].key = event.value

    def _path(self) -> Path:
        if not self.open:
            return ()
        inner = self.open[-1]
        return (*inner.path, len(inner.content) if inner.key is None else inner.key)

    def _put(self, value: Any) -> None:
        if not self.open:
            self.root = value
            return
        inner = self.open[-1]
        if isinstance(inner.content, list):
            inner.content.append(value)
        elif inner.key is not None:
            inner.content[inner.key] = value
            inner.key = None


def _too_deep(line: int | None = None) -> SpecUnreadable:
    where = f"line {line}: " if line else ""
    return SpecUnreadable(f"{where}nested more than {MAX_DEPTH} deep: a spec needs six levels")


def _repeated(key: str, line: int | None = None) -> SpecUnreadable:
    where = f"line {line}: " if line else ""
    return SpecUnreadable(f"{where}{key!r} is given twice in one place: keep one")
