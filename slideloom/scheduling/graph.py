"""Branches that need each other: their order, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

Needs = Mapping[str, Sequence[str]]
"""For each branch, in the order of the spec, the branches that it needs."""


def in_order(needs: Needs) -> list[str]:
    """Every branch after all that it needs, otherwise in the order given.

    Branches on a cycle, and what needs them, are left out; names that are not there count as met.
    """
    position = {name: place for place, name in enumerate(needs)}
    names = list(needs)
    open_needs = {name: sum(need in needs for need in wanted) for name, wanted in needs.items()}
    needed_by = dependants(needs)
    ready = [position[name] for name, count in open_needs.items() if count == 0]
    heapify(ready)
    ordered = []
    while ready:
        name = names[heappop(ready)]
        ordered.append(name)
        for other in needed_by[name]:
            open_needs[other] -= 1
            if open_needs[other] == 0:
                heappush(ready, position[other])
    return ordered


def dependants(needs: Needs) -> dict[str, list[str]]:
    """For each branch those that need it directly, once for each time that they name it."""
    found: dict[str, list[str]] = {name: [] for name in needs}
    for name, wanted in needs.items():
        for need in wanted:
            if need in found:
                found[need].append(name)
    return found


def cycle(needs: Needs) -> list[str]:
    """One cycle, its first branch repeated at the end; empty if there is none."""
    done = set(in_order(needs))
    path = [name for name in needs if name not in done][:1]
    while path:
        step = next(need for need in needs[path[-1]] if need in needs and need not in done)
        if step in path:
            return [*path[path.index(step) :], step]
        path.append(step)
    return []


def problem(branches: Iterable[tuple[str, Sequence[str]]]) -> str | None:
    """What keeps the branches from being run, in one line; None if nothing does."""
    listed = list(branches)
    needs = dict(listed)
    for name, count in Counter(name for name, _ in listed).items():
        if count > 1:
            return f"{count} branches are named {name!r}: give each a name of its own"
    for name, wanted in listed:
        said = _bad_need(name, wanted, needs)
        if said:
            return said
    circle = cycle(needs)
    if circle:
        return (
            f"branches need each other in a circle: {' -> '.join(circle)}: take out one of these "
            "needs"
        )
    return None


def _bad_need(name: str, wanted: Sequence[str], needs: Needs) -> str | None:
    for need, count in Counter(wanted).items():
        if need == name:
            return f"branch {name!r} needs itself: take {name!r} out of its needs"
        if need not in needs:
            known = ", ".join(repr(other) for other in needs if other != name) or "none other"
            return f"branch {name!r} needs {need!r}, which is not there: there is {known[:200]}"
        if count > 1:
            return f"branch {name!r} needs {need!r} {count} times: name it once"
    return None
