"""The scheduler's promises as plain checks, written without any of the scheduler's own code.

Slow and literal on purpose: each looks at all jobs again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from slideloom.scheduling.state import (
    Branch,
    Decision,
    Job,
    JobState,
    Limits,
    Place,
    Reason,
    Standing,
    Workflow,
)

PENDING, RUNNING, SUCCEEDED = JobState.PENDING, JobState.RUNNING, JobState.SUCCEEDED
ILL = {JobState.FAILED, JobState.CANCELLED, JobState.SKIPPED}


def jobs_of(workflows: Sequence[Workflow]) -> Iterator[tuple[Workflow, Branch, int, Job]]:
    for workflow in workflows:
        for branch in workflow.branches:
            for index, job in enumerate(branch.jobs):
                yield workflow, branch, index, job


def running_tenants(workflows: Sequence[Workflow]) -> set[str]:
    return {flow.tenant for flow, _, _, job in jobs_of(workflows) if job.state is RUNNING}


def check_promises(
    workflows: Sequence[Workflow],
    places: Sequence[Place],
    limits: Limits,
    now_s: float,
    decision: Decision,
) -> None:
    """All that must hold between what was known and what was decided."""
    _check_skips(workflows, decision)
    _check_everyone_is_answered(workflows, decision)
    _check_admissions_may_start(workflows, now_s, decision)
    _check_limits(workflows, limits, decision)
    _check_places(workflows, places, limits, now_s, decision)
    _check_order_of_entry(workflows, places, decision)
    _check_rotation(workflows, limits, now_s, decision)
    _check_fair_shares(workflows, now_s, decision)
    _check_nothing_lies_idle(workflows, limits, decision)
    _check_reasons(workflows, now_s, decision)


def _hopeless(flow: Workflow, branch: Branch, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a branch that this one needs can no longer succeed."""
    by_name = {other.name: other for other in flow.branches}
    wanted = [by_name[need] for need in branch.needs if need not in seen]
    return any(
        any(job.state in ILL for job in need.jobs)
        or _hopeless(flow, need, seen | {branch.name, need.name})
        for need in wanted
    )


def _doomed(flow: Workflow, branch: Branch, index: int) -> bool:
    return _hopeless(flow, branch) or any(job.state in ILL for job in branch.jobs[:index])


def _needs_met(flow: Workflow, branch: Branch) -> bool:
    by_name = {other.name: other for other in flow.branches}
    return all(job.state is SUCCEEDED for need in branch.needs for job in by_name[need].jobs)


def _branch_free(branch: Branch, index: int, job: Job, now_s: float) -> bool:
    return (
        all(other.state is not RUNNING for other in branch.jobs)
        and all(other.state is SUCCEEDED for other in branch.jobs[:index])
        and (job.not_before_s is None or job.not_before_s <= now_s)
    )


def _holders(decision: Decision) -> list[Place]:
    return [place for place in decision.places if place.standing is not Standing.QUEUED]


def _check_skips(workflows: Sequence[Workflow], decision: Decision) -> None:
    expected = {
        job.id
        for flow, branch, index, job in jobs_of(workflows)
        if job.state is PENDING and _doomed(flow, branch, index)
    }
    assert set(decision.skip) == expected
    assert len(decision.skip) == len(expected)


def _check_everyone_is_answered(workflows: Sequence[Workflow], decision: Decision) -> None:
    pending = [job.id for *_, job in jobs_of(workflows) if job.state is PENDING]
    assert sorted(pending) == sorted([*decision.admit, *decision.skip, *decision.reasons])


def _check_admissions_may_start(
    workflows: Sequence[Workflow], now_s: float, decision: Decision
) -> None:
    for flow, branch, index, job in jobs_of(workflows):
        if job.id in decision.admit:
            assert _branch_free(branch, index, job, now_s)
            assert _needs_met(flow, branch)
            assert flow.tenant in {place.tenant for place in _holders(decision)}


def _check_limits(workflows: Sequence[Workflow], limits: Limits, decision: Decision) -> None:
    """Where the limits are exceeded already, nothing is added to it."""
    before = sum(job.state is RUNNING for *_, job in jobs_of(workflows))
    assert not decision.admit or before + len(decision.admit) <= limits.max_workers
    tenants = running_tenants(workflows)
    after = tenants | {
        flow.tenant for flow, _, _, job in jobs_of(workflows) if job.id in decision.admit
    }
    assert after == tenants or len(after) <= limits.max_active_users


def _open_tenants(workflows: Sequence[Workflow], decision: Decision) -> set[str]:
    return {
        flow.tenant
        for flow, _, _, job in jobs_of(workflows)
        if job.state is RUNNING or (job.state is PENDING and job.id not in decision.skip)
    }


def _check_places(
    workflows: Sequence[Workflow],
    places: Sequence[Place],
    limits: Limits,
    now_s: float,
    decision: Decision,
) -> None:
    """A place is kept until all jobs have ended, or until its tenant rotates, nothing running."""
    open_tenants, running = _open_tenants(workflows, decision), running_tenants(workflows)
    before = {place.tenant for place in places if place.standing is not Standing.QUEUED}
    held = [place.tenant for place in _holders(decision)]
    queued = [place for place in decision.places if place.standing is Standing.QUEUED]
    assert len(set(held)) == len(held)
    assert set(held) <= open_tenants
    assert running <= set(held)
    gone = (before & open_tenants) - set(held)
    assert gone <= {place.tenant for place in queued} - running
    if limits.rotate_after_s is None:
        assert not gone
    forced = (before & open_tenants) | running
    assert len(held) <= max(limits.max_active_users, len(forced))
    if len(held) < limits.max_active_users:
        assert set(held) == open_tenants
    assert all(place.since_s <= now_s for place in decision.places)


def _oldest(workflows: Sequence[Workflow], tenant: str, decision: Decision) -> tuple[object, ...]:
    return min(
        (max(flow.created_s, job.not_before_s or 0.0), flow.created_s, flow.id, number, index)
        for flow in workflows
        if flow.tenant == tenant
        for number, branch in enumerate(flow.branches)
        for index, job in enumerate(branch.jobs)
        if job.state is PENDING and job.id not in decision.skip
    )


def _check_order_of_entry(
    workflows: Sequence[Workflow], places: Sequence[Place], decision: Decision
) -> None:
    """Nobody enters before somebody who has queued for longer."""
    rotated = {place.tenant: place.since_s for place in places if place.standing is Standing.QUEUED}
    rotated |= {
        place.tenant: place.since_s
        for place in decision.places
        if place.standing is Standing.QUEUED
    }
    had = {place.tenant for place in places if place.standing is not Standing.QUEUED}
    held = {place.tenant for place in _holders(decision)}

    def turn(tenant: str) -> tuple[object, ...]:
        age = _oldest(workflows, tenant, decision)
        return (max(float(str(age[0])), rotated.get(tenant, 0.0)), *age)

    entered = held - had - running_tenants(workflows)
    waiting = _open_tenants(workflows, decision) - held
    for tenant in entered:
        assert all(turn(tenant) < turn(other) for other in waiting)


def _check_rotation(
    workflows: Sequence[Workflow], limits: Limits, now_s: float, decision: Decision
) -> None:
    """Nobody gets a new job while he is due, unless fewer wait than are due before him."""
    if limits.rotate_after_s is None:
        return
    waiting = _open_tenants(workflows, decision) - {place.tenant for place in _holders(decision)}
    due = [
        place
        for place in _holders(decision)[: limits.max_active_users]
        if place.standing is Standing.SERVED
        and place.since_s < now_s
        and now_s >= place.since_s + limits.rotate_after_s
    ]
    longest = sorted(due, key=lambda place: place.since_s)[: len(waiting)]
    banned = {place.tenant for place in longest}
    for flow, _, _, job in jobs_of(workflows):
        if flow.tenant in banned:
            assert job.id not in decision.admit
            assert job.state is not PENDING or decision.reasons.get(job.id, Reason.USER_SLOT) in (
                Reason.USER_SLOT,
            )
            assert flow.tenant in running_tenants(workflows)


def _check_fair_shares(workflows: Sequence[Workflow], now_s: float, decision: Decision) -> None:
    """Each admission went to a tenant with no more running jobs than any that could use it."""
    load = Counter(flow.tenant for flow, _, _, job in jobs_of(workflows) if job.state is RUNNING)
    tenant_of = {job.id: flow.tenant for flow, _, _, job in jobs_of(workflows)}
    left = Counter(tenant_of[job] for job in decision.admit)
    for job, reason in decision.reasons.items():
        if reason is Reason.WORKER:
            left[tenant_of[job]] += 1
    for job in decision.admit:
        assert load[tenant_of[job]] == min(load[tenant] for tenant in left if left[tenant])
        load[tenant_of[job]] += 1
        left[tenant_of[job]] -= 1


def _check_nothing_lies_idle(
    workflows: Sequence[Workflow], limits: Limits, decision: Decision
) -> None:
    busy = sum(job.state is RUNNING for *_, job in jobs_of(workflows)) + len(decision.admit)
    if busy < limits.max_workers:
        assert Reason.WORKER not in decision.reasons.values()


def _check_reasons(workflows: Sequence[Workflow], now_s: float, decision: Decision) -> None:
    """USER_SLOT for all of a tenant's jobs or none; the others are what they say."""
    held = {place.tenant for place in _holders(decision)}
    shut = set[str]()
    for flow, _, _, job in jobs_of(workflows):
        if decision.reasons.get(job.id) is Reason.USER_SLOT:
            shut.add(flow.tenant)
    for flow, branch, index, job in jobs_of(workflows):
        reason = decision.reasons.get(job.id)
        if reason is None:
            continue
        assert (reason is Reason.USER_SLOT) == (flow.tenant in shut)
        assert reason is Reason.USER_SLOT or flow.tenant in held
        if reason is not Reason.USER_SLOT:
            free = _branch_free(branch, index, job, now_s)
            met = _needs_met(flow, branch)
            expected = Reason.WORKER if free and met else Reason.NEEDS if free else Reason.BRANCH
            assert reason is expected
