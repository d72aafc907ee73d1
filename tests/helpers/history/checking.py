"""All checks together."""

from collections.abc import Iterator
from dataclasses import dataclass

from .admissions import past_the_dispatcher, strangers_that_ran
from .commits import committed_again, wrong_results
from .endings import ended_wrongly, started_after_the_end
from .losses import lost, stopped
from .occupancy import too_many_in_a_branch, too_many_jobs, too_many_places, too_many_tenants
from .order import before_all_were_there, before_its_needs, out_of_order
from .records import TOLERANCE_S, Broken, History
from .stretches import all_stretches


@dataclass(frozen=True, slots=True)
class Rules:
    """What was promised and what may be asked.

    Attributes:
        max_workers: Jobs that may run at once.
        max_users: Tenants that may hold a place at once.
        rotates: A rotation bound is set: tenants may hold unfinished jobs without a place.
        final: Everything must have ended.
        results: Look into the results' folders.
        tolerance_s: Overlaps up to that long are not counted.
    """

    max_workers: int = 5
    max_users: int = 3
    rotates: bool = False
    final: bool = False
    results: bool = False
    tolerance_s: float = TOLERANCE_S


def broken_promises(history: History, rules: Rules | None = None) -> list[Broken]:
    """Every promise that was broken, with the runs that show it; empty: all were kept."""
    return list(_all(history, rules or Rules()))


def _all(history: History, rules: Rules) -> Iterator[Broken]:
    running = all_stretches(history.jobs)
    yield from too_many_jobs(running, rules.max_workers, rules.tolerance_s)
    yield from too_many_tenants(running, rules.max_users, rules.tolerance_s)
    if not rules.rotates:
        yield from too_many_places(history, running, rules.max_users, rules.tolerance_s)
    yield from too_many_in_a_branch(running, rules.tolerance_s)
    yield from out_of_order(history, running)
    yield from before_its_needs(history, running)
    yield from before_all_were_there(history, running)
    yield from past_the_dispatcher(history)
    yield from strangers_that_ran(history)
    yield from lost(history, rules.final)
    yield from stopped(history, rules.final)
    yield from committed_again(history)
    if rules.results:
        yield from wrong_results(history)
    yield from ended_wrongly(history, rules.final)
    yield from started_after_the_end(history, running)
