"""Flows by entrypoint: imported once per process, and kept."""

import threading
from collections import defaultdict
from typing import Any

from prefect.flows import Flow, load_flow_from_entrypoint

from slideloom.errors import BadInput

_loaded: dict[str, Flow[Any, Any]] = {}
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class EntrypointUnusable(BadInput):
    """The deployment does not say which flow to run in a way that a warm worker can."""


def load(entrypoint: str | None) -> Flow[Any, Any]:
    """The flow at an importable path such as `flows.tissue_mask.tissue_mask`.

    Blocks while another thread imports the same. A changed file needs a new process; a changed
    entrypoint of the deployment does not.

    Raises:
        EntrypointUnusable: It is none, a path of a file, or leads to a generator flow.
    """
    if not entrypoint or ":" in entrypoint:
        raise EntrypointUnusable(
            f"the deployment's entrypoint is {entrypoint!r}; a warm worker wants an importable "
            "path, such as package.module.flow"
        )
    with _locks[entrypoint]:
        if entrypoint not in _loaded:
            _loaded[entrypoint] = _import(entrypoint)
        return _loaded[entrypoint]


def _import(entrypoint: str) -> Flow[Any, Any]:
    flow: Flow[Any, Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    if flow.isgenerator:
        raise EntrypointUnusable(
            f"{entrypoint} is a generator; make it a flow that returns, warm workers run no others"
        )
    return flow
