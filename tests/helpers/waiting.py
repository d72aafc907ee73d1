"""Waiting for a condition; never for a while."""

import time
from collections.abc import Callable

PATIENCE_S = 150.0
"""A busy machine may need so long for what takes a second elsewhere."""


def wait_until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: It does not hold in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the condition did not hold within {timeout_s:g} s")
        time.sleep(0.02)
