"""The simulator keeps the promises at every step and shows what the rotation bound is for."""

from slideloom.scheduling.simulate import simulate
from slideloom.scheduling.state import Decision, JobState, Limits, Place, Workflow
from slideloom.scheduling.tally import Tally, jain
from slideloom.scheduling.workload import Load
from tests.unit.scheduling.promises import check_promises

GREEDY = [Load(f"greedy{number}", workflows=25, every_s=90.0) for number in range(3)]
MODEST = [Load(f"modest{number}", first_s=60.0 + number) for number in range(3)]
NAMES = [load.tenant for load in MODEST]


def test_every_step_of_a_rough_day_keeps_the_promises() -> None:
    limits = Limits(rotate_after_s=300.0)
    rough = {"fails": 0.15, "cancels": 0.1, "retries": 0.5, "chained": 0.4, "long_share": 0.1}
    loads = [Load(f"t{number}", workflows=3, every_s=200.0, **rough) for number in range(6)]

    def check(
        flows: list[Workflow], places: tuple[Place, ...], now_s: float, decision: Decision
    ) -> None:
        check_promises(flows, places, limits, now_s, decision)

    tally = simulate(loads, limits, seed=5, observer=check)
    assert (tally.most_running, tally.most_tenants, tally.most_in_branch) == (5, 3, 1)
    assert tally.ended.keys() == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.SKIPPED,
    }
    assert sum(tally.ended.values()) == 6 * 3 * 4 * 3
    assert not tally.never


def test_the_same_seed_gives_the_same_day() -> None:
    assert simulate(GREEDY, Limits(), 1, 3600.0) == simulate(GREEDY, Limits(), 1, 3600.0)
    assert simulate(GREEDY, Limits(), 1, 3600.0) != simulate(GREEDY, Limits(), 2, 3600.0)


def test_without_the_bound_those_who_keep_submitting_keep_the_others_out() -> None:
    tally = simulate([*GREEDY, *MODEST], Limits(), 1, 7200.0)
    assert [tally.never[name] for name in NAMES] == [1, 1, 1]


def test_with_the_bound_nobody_waits_longer_than_it_and_a_job() -> None:
    bound = 600.0
    tally = simulate([*GREEDY, *MODEST], Limits(rotate_after_s=bound), 1, 7200.0)
    assert not [name for name in NAMES if tally.never[name]]
    assert tally.wait_s(1.0, NAMES) <= bound + 90.0


def test_the_bound_shares_the_house_among_equals() -> None:
    equals = [Load(f"t{number}", workflows=30) for number in range(6)]
    keeps = simulate(equals, Limits(), 1, 7200.0)
    rotates = simulate(equals, Limits(rotate_after_s=600.0), 1, 7200.0)
    assert keeps.fairness() < 0.55
    assert rotates.fairness() > 0.9
    assert rotates.utilisation() > 0.95


def test_one_job_alone() -> None:
    tally = simulate([Load("ann", branches=1, jobs=1)], Limits(max_workers=1), 1)
    assert (tally.wait_s(0.5), tally.utilisation(), tally.fairness()) == (0.0, 1.0, 1.0)
    assert tally.ended == {JobState.SUCCEEDED: 1}


def test_nobody() -> None:
    tally = simulate([], Limits(), 1)
    assert (tally.wait_s(1.0), tally.utilisation(), tally.fairness()) == (0.0, 0.0, 1.0)


def test_jain() -> None:
    assert jain([3, 3, 3]) == 1.0
    assert jain([1, 0, 0, 0]) == 0.25
    assert jain([]) == 1.0


def test_quantiles_of_waits() -> None:
    tally = Tally(waits={"a": [4.0, 1.0], "b": [3.0, 2.0]})
    assert [tally.wait_s(share) for share in (0.25, 0.5, 0.95, 1.0)] == [1.0, 2.0, 4.0, 4.0]
    assert tally.wait_s(0.5, ["b"]) == 2.0
