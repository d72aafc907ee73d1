"""Engines that this process keeps loaded: few, the one that was used longest ago goes first.

Imports no torch, so that whoever asks what is loaded loads nothing.
"""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from slideloom.engines.base import Engine

MOST = 2
"""Engines at a time: each holds a model in memory."""

Key = tuple[str, str, Path | None]
"""Model, device, and the folder of recorded models; None: the usual one."""

_engines: OrderedDict[Key, Engine] = OrderedDict()


def engine(key: Key, load: Callable[[], Engine]) -> Engine:
    """The engine of a key, loaded if it is not there. Not for several threads at once."""
    if key not in _engines:
        loaded = load()
        while len(_engines) >= MOST:
            _engines.popitem(last=False)
        _engines[key] = loaded
    _engines.move_to_end(key)
    return _engines[key]


def loaded() -> list[Key]:
    """What is loaded, as their keys; the one used last is last."""
    return list(_engines)
