"""Promises about how much happens at once: jobs, tenants, places, jobs of a branch."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from .records import TOLERANCE_S, Broken, History, Promise
from .stays import stays
from .stretches import Span, Stretch, crowds, merged


def job_spans(running: Sequence[Stretch]) -> list[Span]:
    """A span for each stretch."""
    return [Span(part.start_s, part.end_s, part.job.id, (part.job.id,)) for part in running]


def tenant_spans(running: Sequence[Stretch]) -> list[Span]:
    """Times at which each tenant has a job running."""
    spans = [Span(part.start_s, part.end_s, part.job.tenant, (part.job.id,)) for part in running]
    return merged(spans)


def too_many_jobs(
    running: Sequence[Stretch], max_workers: int, tolerance_s: float = TOLERANCE_S
) -> Iterator[Broken]:
    """Moments with more running jobs than workers."""
    for at_s, there in crowds(job_spans(running), max_workers, tolerance_s):
        said = f"{len(there)} jobs run at {at_s:.6f}, {max_workers} may"
        yield Broken(Promise.WORKERS, said, _runs(there))


def too_many_tenants(
    running: Sequence[Stretch], max_users: int, tolerance_s: float = TOLERANCE_S
) -> Iterator[Broken]:
    """Moments at which more tenants have running jobs than there are places."""
    for at_s, there in crowds(tenant_spans(running), max_users, tolerance_s):
        said = f"{_tenants(there)} have jobs running at {at_s:.6f}, {max_users} tenants may"
        run_ids = {part.job.id for part in running if part.start_s <= at_s < part.end_s}
        yield Broken(Promise.TENANTS, said, tuple(sorted(run_ids)))


def too_many_places(
    history: History,
    running: Sequence[Stretch],
    max_users: int,
    tolerance_s: float = TOLERANCE_S,
) -> Iterator[Broken]:
    """Moments at which more tenants hold a place than there are; not promised under rotation."""
    for at_s, there in crowds(stays(history, running), max_users, tolerance_s):
        said = (
            f"{_tenants(there)} have been admitted and have unfinished jobs at {at_s:.6f}: "
            f"there are {max_users} places"
        )
        yield Broken(Promise.PLACES, said, _runs(there))


def too_many_in_a_branch(
    running: Sequence[Stretch], tolerance_s: float = TOLERANCE_S
) -> Iterator[Broken]:
    """Moments at which two jobs of one branch run, or one job twice."""
    by_branch = defaultdict(list)
    for part in running:
        by_branch[part.job.workflow, part.job.branch].append(part)
    for (workflow, branch), own in by_branch.items():
        for at_s, there in crowds(job_spans(own), 1, tolerance_s):
            said = f"{len(there)} jobs of branch {branch} of {workflow} run at {at_s:.6f}"
            yield Broken(Promise.ONE_PER_BRANCH, said, _runs(there))


def _runs(there: Sequence[Span]) -> tuple[str, ...]:
    return tuple(run for span in there for run in span.runs)


def _tenants(there: Sequence[Span]) -> str:
    return ", ".join(sorted(span.who for span in there))
