"""The report for people."""

from collections import Counter
from collections.abc import Iterator, Sequence

from .checking import Rules
from .figures import Figures
from .records import Broken

SHOWN = 20
"""Broken promises told in full, of each kind."""


def report(found: Figures, broken: Sequence[Broken], rules: Rules) -> str:
    """Figures and broken promises as text."""
    return "\n".join([*_figures(found, rules), "", *_promises(broken)])


def _figures(found: Figures, rules: Rules) -> Iterator[str]:
    yield f"workflows    {_counted(found.workflows)}"
    yield f"jobs         {_counted(found.jobs)}"
    yield f"at once      {found.most_jobs} jobs of {rules.max_workers}"
    yield f"             {found.most_tenants} tenants with running jobs of {rules.max_users}"
    yield f"             {found.most_places} tenants with a place of {rules.max_users}"
    yield f"gaps         {found.gap}, from an end to the admission that it made possible"
    yield f"waits        {found.wait}, from being queued to the admission"
    yield f"utilisation  {found.utilisation:.0%} of {rules.max_workers} over {found.seconds:.1f} s"
    yield f"tried again  {found.tried_again} jobs; back to the queue: {_counted(found.changes)}"
    yield f"inversions   {found.inversions} runs"


def _promises(broken: Sequence[Broken]) -> Iterator[str]:
    if not broken:
        yield "every promise was kept"
        return
    for promise, number in Counter(one.promise for one in broken).items():
        yield f"BROKEN {number} times: {promise}"
        own = [one for one in broken if one.promise is promise]
        for one in own[:SHOWN]:
            yield f"  {one.said} [{', '.join(one.runs)}]"
        if number > SHOWN:
            yield f"  and {number - SHOWN} more"


def _counted(names: Counter[str]) -> str:
    said = ", ".join(f"{number} {name}" for name, number in names.most_common())
    return f"{names.total()}: {said}" if names else "none"
