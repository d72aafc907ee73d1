"""Which tenants have a place, who enters next, and who must rotate.

Places are kept in the order in which they were taken. A tenant without one that has running jobs
(a record was lost) gets one behind all others: nothing is ever evicted. Only the first
`max_active_users` places are entitled to new jobs, so a house that is too full, after a crash or a
lowered limit, empties by itself.
"""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from slideloom.scheduling.demand import Age, Demand
from slideloom.scheduling.state import Limits, Place, Standing

_Turn = tuple[float, Age, str]
"""Sorts tenants that wait: queued since, their oldest job, their id."""


@dataclass(slots=True)
class House:
    """The tenants with a place and those who wait, both first come first.

    Attributes:
        limits: The limits.
        now_s: The time.
        demands: By tenant; those without unfinished jobs have left.
        held: Places.
        queue: Tenants that wait, and since when they queue again if they have rotated.
    """

    limits: Limits
    now_s: float
    demands: Mapping[str, Demand]
    held: list[Place] = field(default_factory=list)
    queue: list[_Turn] = field(default_factory=list)
    rotated: dict[str, float] = field(default_factory=dict)

    def may_start(self) -> list[str]:
        """Tenants that may be given jobs."""
        leaving = {place.tenant for place in self.rotating()}
        entitled = self.held[: self.limits.max_active_users]
        return [place.tenant for place in entitled if place.tenant not in leaving]

    def rotating(self) -> list[Place]:
        """Those who get nothing new until they have left: as many as wait, longest served first."""
        bound = self.limits.rotate_after_s
        if bound is None:
            return []
        due = [place for place in self._clocked() if self.now_s >= place.since_s + bound]
        return due[: self._pressing()]

    def next_rotation_s(self) -> float | None:
        """When the next tenant is due, if somebody waits."""
        bound = self.limits.rotate_after_s
        if bound is None or not self._pressing():
            return None
        due = [place.since_s + bound for place in self._clocked()]
        return min((time_s for time_s in due if time_s > self.now_s), default=None)

    def serve(self, tenants: Iterable[str]) -> None:
        """Start the rotation bound of those who are given their first job."""
        first = set(tenants)
        self.held = [
            Place(place.tenant, self.now_s, Standing.SERVED)
            if place.tenant in first and place.standing is not Standing.SERVED
            else place
            for place in self.held
        ]

    def places(self) -> tuple[Place, ...]:
        """What to remember: places, and since when the rotated queue again."""
        waiting = (turn[-1] for turn in self.queue if turn[-1] in self.rotated)
        again = (Place(tenant, self.rotated[tenant], Standing.QUEUED) for tenant in waiting)
        return (*self.held, *again)

    def settle(self) -> None:
        """Let tenants in, and those out who are due and have nothing running, until none moves."""
        self._enter()
        while leaver := self._next_leaver():
            self._send_back(leaver)
            self._enter()
        surplus = self.held[self.limits.max_active_users :]
        self.held[self.limits.max_active_users :] = [
            place if self.demands[place.tenant].running else _unused(place) for place in surplus
        ]

    def wait(self, demands: Iterable[Demand]) -> None:
        """Queue tenants without a place."""
        turns = (self._turn(demand.tenant, demand.oldest) for demand in demands if demand.oldest)
        self.queue = sorted(turns)

    def _turn(self, tenant: str, oldest: Age) -> _Turn:
        return max(oldest[0], self.rotated.get(tenant, oldest[0])), oldest, tenant

    def _send_back(self, place: Place) -> None:
        self.held.remove(place)
        self.rotated[place.tenant] = self.now_s
        oldest = self.demands[place.tenant].oldest
        if oldest:
            insort(self.queue, self._turn(place.tenant, oldest))

    def _enter(self) -> None:
        free = max(self.limits.max_active_users - len(self.held), 0)
        self.held += [Place(tenant, self.now_s) for *_, tenant in self.queue[:free]]
        del self.queue[:free]

    def _next_leaver(self) -> Place | None:
        idle = (place for place in self.rotating() if not self.demands[place.tenant].running)
        return next(idle, None)

    def _clocked(self) -> list[Place]:
        entitled = self.held[: self.limits.max_active_users]
        served = [place for place in entitled if place.standing is Standing.SERVED]
        return sorted(served, key=lambda place: place.since_s)

    def _pressing(self) -> int:
        """Tenants that wait for somebody to leave."""
        return len(self.queue) + max(len(self.held) - self.limits.max_active_users, 0)


def seat(
    demands: Mapping[str, Demand], places: Iterable[Place], limits: Limits, now_s: float
) -> House:
    """Carry the places over, and let go and in whoever may."""
    there = {tenant: demand for tenant, demand in demands.items() if demand.unfinished}
    known = _known(places, there, now_s)
    queued = Standing.QUEUED
    rotated = {place.tenant: place.since_s for place in known if place.standing is queued}
    running = {tenant for tenant, demand in there.items() if demand.running}
    held = [place for place in known if place.standing is not queued]
    held = [_used(place, now_s) if place.tenant in running else place for place in held]
    lost = sorted(running.difference(place.tenant for place in held))
    held += [Place(tenant, now_s, Standing.SERVED) for tenant in lost]
    house = House(limits, now_s, there, held, [], rotated)
    seated = {place.tenant for place in held}
    house.wait(demand for tenant, demand in there.items() if tenant not in seated)
    house.settle()
    return house


def _known(places: Iterable[Place], there: Mapping[str, Demand], now_s: float) -> list[Place]:
    """Places of tenants that still have jobs, one each, none from the future."""
    found: dict[str, Place] = {}
    for place in places:
        if place.tenant in there and place.tenant not in found:
            found[place.tenant] = replace(place, since_s=min(place.since_s, now_s))
    return list(found.values())


def _used(place: Place, now_s: float) -> Place:
    """A tenant with running jobs has been served, whatever the record says."""
    if place.standing is Standing.SERVED:
        return place
    return Place(place.tenant, now_s, Standing.SERVED)


def _unused(place: Place) -> Place:
    """Nobody is charged for the time in which the limits gave him nothing."""
    return replace(place, standing=Standing.ENTERED)
