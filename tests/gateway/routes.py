"""All routes of the door, as a client sees them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, WebSocketRoute

from gateway.app import API, make_app

_GAPS = re.compile(r"\{(\w+)(?::\w+)?\}")
"""A path's variables."""


@dataclass(frozen=True, order=True)
class Route:
    """A route.

    Attributes:
        method: GET, POST and so on; WS: a socket.
        path: Its path below the API, with variables.
    """

    method: str
    path: str

    @property
    def noun(self) -> str:
        """What its id is one of; empty: it has none."""
        parts = self.path.removeprefix("/ws").split("/")
        return parts[1] if "{" in self.path else ""

    def at(self, ids: Mapping[str, str]) -> str:
        """Its path with an id by noun, and with values for what else it has."""
        first = True

        def value(gap: re.Match[str]) -> str:
            nonlocal first
            if first:
                first = False
                return ids[self.noun]
            return {"name": "summary.json"}.get(gap[1], "0")

        return _GAPS.sub(value, self.path)

    def __str__(self) -> str:
        """For the names of tests."""
        return f"{self.method} {self.path}"


def all_routes() -> list[Route]:
    """Every route below the API, but for its own description and the page's."""
    found = set()
    for route in _leaves(make_app().routes):
        whole = getattr(route, "path", "")
        path = whole.removeprefix(API)
        if path == whole:
            continue  # the page's: whoever opens it signs in there
        if isinstance(route, APIRoute):
            found |= {Route(method, path) for method in route.methods}
        elif isinstance(route, WebSocketRoute):
            found.add(Route("WS", path))
    return sorted(found)


def _leaves(routes: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        yield from _leaves(below) if (below := getattr(route, "routes", None)) else [route]
