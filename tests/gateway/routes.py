"""All routes of the door, as a client sees them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.routing import APIRoute
from starlette.routing import WebSocketRoute

from gateway.app import ROUTERS

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
    """Every route of the API; the page's are none, whoever opens it signs in there."""
    found = set()
    for route in (route for router in ROUTERS for route in router.routes):
        if isinstance(route, APIRoute):
            found |= {Route(method, route.path) for method in route.methods}
        elif isinstance(route, WebSocketRoute):
            found.add(Route("WS", route.path))
    assert found
    return sorted(found)
