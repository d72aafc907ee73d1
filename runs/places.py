"""The tenants' places as text: how the dispatcher keeps them in a Prefect variable."""

from collections.abc import Iterable

from slideloom.scheduling.state import Place, Standing

_ROOM = 4500
"""Characters: Prefect's variables hold 5,000."""


def written(places: Iterable[Place]) -> list[str]:
    """One line a place, as many as there is room for; those who have rotated come last.

    A tenant whose line has no room loses only its turn in the queue of those who have rotated.
    """
    lines: list[str] = []
    left = _ROOM
    for place in places:
        line = f"{place.tenant} {place.since_s!r} {place.standing}"
        left -= len(line) + 4
        if left < 0:
            break
        lines.append(line)
    return lines


def read(lines: object) -> tuple[Place, ...]:
    """Places as they were written; what cannot be read is left out and so decided anew."""
    found = (_place(line) for line in lines) if isinstance(lines, list) else ()
    return tuple(place for place in found if place is not None)


def _place(line: object) -> Place | None:
    try:
        tenant, since, standing = str(line).split()
        return Place(tenant, float(since), Standing(standing))
    except ValueError:
        return None
