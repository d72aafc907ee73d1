"""Pauses between attempts."""

import random
from collections.abc import Iterator

_FIRST_S = 0.2
_LONGEST_S = 15.0


def pauses(tries: int) -> Iterator[float]:
    """Seconds to wait before each attempt: none, then at random up to twice as long each time.

    Random over the whole span, so that workers that failed together do not come back together.
    """
    yield 0.0
    for attempt in range(tries - 1):
        yield random.uniform(0, min(_LONGEST_S, _FIRST_S * 2**attempt))  # noqa: S311, no secret
