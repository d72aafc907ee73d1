"""A figure, and how to take times in pairs."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    what: str
    value: float
    unit: str


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paired_ratio(one: Callable[[], object], other: Callable[[], object], pairs: int) -> float:
    """Median over pairs of time(other) / time(one), alternating which goes first."""
    ratios = []
    for pair in range(pairs):
        if pair % 2:
            second, first = seconds(other), seconds(one)
        else:
            first, second = seconds(one), seconds(other)
        ratios.append(second / first)
    return statistics.median(ratios)
