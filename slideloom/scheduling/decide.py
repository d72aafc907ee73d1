"""The rules of admission as one pure function.

Near-linear in the open jobs: one walk over them, then heaps over tenants and over the heads of
their branches, of which no more are taken than there are free workers.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from slideloom.scheduling.demand import Demand, survey
from slideloom.scheduling.places import House, seat
from slideloom.scheduling.state import Decision, Limits, Place, Reason, Workflow


def decide(
    workflows: Iterable[Workflow], places: Iterable[Place], limits: Limits, now_s: float
) -> Decision:
    """What to start, what to skip, who has a place, and why everybody else waits.

    The same input gives the same decision, whatever the order of `workflows`; asked again at the
    same moment with the outcome carried out, it admits nothing more.

    Args:
        workflows: All workflows with a job that has not ended, with all their jobs.
        places: `places` of the last decision.
        limits: The limits now; they may have changed.
        now_s: The time, in seconds on the clock of all other times.
    """
    found = survey(workflows, now_s)
    house = seat(found.demands, places, limits, now_s)
    admit = _hand_out(house)
    house.serve(tenant for tenant, _ in admit)
    wakes = [time_s for time_s in (found.wake_s, house.next_rotation_s()) if time_s is not None]
    return Decision(
        admit=tuple(job for _, job in admit),
        skip=tuple(found.skip),
        places=house.places(),
        reasons=_reasons(house),
        wake_s=min(wakes, default=None),
    )


def _hand_out(house: House) -> list[tuple[str, str]]:
    """Free workers go to the tenant with the fewest running jobs, then to the oldest job.

    Admitted jobs leave their tenant's heads and count as running from here on.
    """
    free = house.limits.max_workers - sum(demand.running for demand in house.demands.values())
    active = _active(house)
    takers = [house.demands[tenant] for tenant in house.may_start() if house.demands[tenant].heads]
    for demand in takers:
        heapify(demand.heads)
    line = [(demand.running, demand.heads[0], demand.tenant) for demand in takers]
    heapify(line)
    admitted = []
    while line and free > 0:
        running, _, tenant = heappop(line)
        if not running and active >= house.limits.max_active_users:
            continue
        demand = house.demands[tenant]
        _, job = heappop(demand.heads)
        admitted.append((tenant, job))
        active += not running
        demand.running += 1
        free -= 1
        if demand.heads:
            heappush(line, (demand.running, demand.heads[0], tenant))
    return admitted


def _active(house: House) -> int:
    """Tenants with running jobs: after a crash there may be some that ought not to be there."""
    return sum(demand.running > 0 for demand in house.demands.values())


def _reasons(house: House) -> dict[str, Reason]:
    full = _active(house) >= house.limits.max_active_users
    may_start = {
        tenant for tenant in house.may_start() if house.demands[tenant].running or not full
    }
    reasons: dict[str, Reason] = {}
    for tenant, demand in house.demands.items():
        reasons.update(_reasons_of(demand, tenant in may_start))
    return reasons


def _reasons_of(demand: Demand, may_start: bool) -> Iterable[tuple[str, Reason]]:
    heads = [(job, Reason.WORKER) for _, job in demand.heads]
    waiting = heads + demand.held_back
    return waiting if may_start else ((job, Reason.USER_SLOT) for job, _ in waiting)
