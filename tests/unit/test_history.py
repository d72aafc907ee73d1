"""The checker of promises, on histories made by hand: silent where all is well, else exact."""

from dataclasses import replace

import pytest

from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.made import made, states, together, with_job
from tests.helpers.history.records import History, Promise, StrangerHistory

FINAL = Rules(final=True)


def found(history: History, rules: Rules = FINAL) -> set[tuple[Promise, tuple[str, ...]]]:
    """Promise and runs of everything that was found."""
    return {(one.promise, one.runs) for one in broken_promises(history, rules)}


def good_day() -> History:
    """One of everything: order, needs, a retry, a requeue, a job put back, a cancel, skips."""
    return together(
        made(
            "alice",
            "S0 P0 R0 A1 S40 P40 R40 F41",
            needs={"report": ["left"], "never": ["right"]},
            left="Q0 S2 P2 R3 C5 | Q0 S6 P6 R7 C9",
            right="Q0 S2 P2 R3 F5 Q5 S16 P16 R17 F20 | Q0 Y20.5",
            report="Q0 S10 Q11 S12 L27 P28 R29 K30 Q30 S31 P31 R32 C39",
            never="Q0 Y20.5 | Q0 Y20.6",
        ),
        made(
            "bob",
            "S0 P0 R0 A1 S30 P30 R30 Z31",
            only="Q0 S3 P4 Q8 S9 P9 R10 C12 | Q0 S13 P13 R13 X14 Z15 | Q0 Y15.5",
        ),
        made("carol", "S0 P0 R1 A2 Z5", one="Q1 S4 P4 R4.5 X6 Z7", two="Q1 Z5.5"),
        made("dave", "S0 P0 R1 F2"),
    )


def admitted(history: History, run: str, attempt: int, state: str) -> History:
    return with_job(history, run, attempt=attempt, admitted=f"{run}/{state}")


def test_a_good_day_breaks_nothing() -> None:
    history = admitted(good_day(), "alice.right0", 2, "Q5")
    history = admitted(history, "bob.only0", 2, "Q8")
    assert found(admitted(history, "alice.report0", 2, "Q30")) == set()


def test_an_empty_server_breaks_nothing() -> None:
    assert found(History()) == set()


def crowd(number: int, tenants: int) -> History:
    """So many jobs at once, each in a branch of its own."""
    return together(
        *(
            made(
                f"t{tenant}",
                "A1 R18 C19",
                **{
                    f"job{job}_": f"Q0 S{2 + job} P8 R9 C17"
                    for job in range(tenant, number, tenants)
                },
            )
            for tenant in range(tenants)
        )
    )


def test_as_many_jobs_as_workers_and_one_more() -> None:
    assert found(crowd(5, 3)) == set()
    ((promise, runs),) = found(crowd(6, 3))
    assert promise is Promise.WORKERS
    assert len(runs) == 6
    assert found(crowd(6, 3), Rules(max_workers=6)) == set()


def test_as_many_tenants_as_places_and_one_more() -> None:
    assert found(crowd(4, 4), Rules(max_users=4)) == set()
    broken = found(crowd(4, 4))
    everyone = tuple(f"t{number}.job{number}_0" for number in range(4))
    assert broken == {(Promise.TENANTS, everyone), (Promise.PLACES, everyone)}
    assert found(crowd(4, 4), Rules(rotates=True)) == {(Promise.TENANTS, everyone)}


def test_a_place_is_not_given_away_between_two_jobs() -> None:
    """Never more than three tenants run, but a fourth comes while the first has a job left."""
    waits = made("a", "A1 R29 C30", b="Q0 S2 P2 R2 C4 | Q0 S20 P20 R20 C22")
    fills = (made(name, "A1 R17 C18", b="Q0 S2 P2 R2 C16") for name in "bc")
    early, late = (
        made("d", "A1 R29 C30", b=f"Q0 S{start} P{start} R{start} C26") for start in (5, 16)
    )
    three = together(waits, *fills)
    assert found(three) == set()
    assert found(together(three, early)) == {(Promise.PLACES, ("a.b0", "b.b0", "c.b0", "d.b0"))}
    assert found(together(three, late)) == set()
    assert found(together(three, early), Rules(rotates=True)) == set()


def test_a_place_is_free_once_the_rest_can_only_be_skipped() -> None:
    """The next tenant may be admitted before the skips are written; not before the failure."""
    fails = made("a", "A1 R8 F9", b="Q0 S2 P2 R2 F4 | Q0 Y5 | Q0 Y5.1")
    fills = (made(name, "A1 R8 C9", b="Q0 S2 P2 R2 C7") for name in "bc")
    after = made("d", "A1 R8 C9", b="Q0 S4.5 P4.6 R5 C7")
    before = made("d", "A1 R8 C9", b="Q0 S3.5 P3.6 R5 C7")
    held = together(fails, *fills)
    assert found(together(held, after)) == set()
    assert {promise for promise, _ in found(together(held, before))} == {
        Promise.PLACES,
        Promise.TENANTS,
    }


def test_a_job_that_is_skipped_in_the_end_holds_the_place_until_then() -> None:
    """The job before it failed and was tried again: in between there was still hope."""
    hopes = made("a", "A1 R18 F19", b="Q0 S2 P2 R2 F4 Q10 S11 P11 R11 F12 | Q0 Y13")
    fills = (made(name, "A1 R18 C19", b="Q0 S2 P2 R2 C9") for name in "bc")
    fourth = made("d", "A1 R18 C19", b="Q0 S6 P6 R6 C9")
    broken = found(together(hopes, *fills, fourth))
    assert broken == {(Promise.PLACES, ("a.b0", "b.b0", "c.b0", "d.b0"))}


def test_a_workflow_that_is_not_complete_holds_no_place() -> None:
    """Its tenant was admitted for another workflow, and has nothing that could be seen."""
    done = made("a", "A1 R5 C6", b="Q0 S2 P2 R2 C4")
    late = made("a2", "A30 R39 C40", b="Q3 S31 P31 R31 C38", c="Q20 S31 P31 R31 C38")
    late = replace(late, jobs=tuple(replace(job, tenant="a") for job in late.jobs))
    fills = (made(name, "A1 R29 C30", b="Q0 S5 P5 R5 C25") for name in "bcd")
    assert found(together(done, late, *fills)) == set()


def test_two_jobs_of_a_branch_at_once() -> None:
    history = made("a", "A1 R8 C9", b="Q0 S2 P2 R2 C5 | Q0 S4 P4 R4 C6")
    assert found(history) == {
        (Promise.ONE_PER_BRANCH, ("a.b0", "a.b1")),
        (Promise.ORDER, ("a.b0", "a.b1")),
    }
    assert found(made("a", "A1 R8 C9", b="Q0 S2 P2 R2 C5 | Q0 S5 P5 R5 C6")) == set()


def test_a_tolerance_forgives_overlaps_up_to_it() -> None:
    history = made("a", "A1 R8 C9", b="Q0 S2 P2 R2 C5", c="Q0 S4.75 P5 R5 C6")
    one = Rules(max_workers=1)
    assert found(history, one) == {(Promise.WORKERS, ("a.b0", "a.c0"))}
    assert found(history, replace(one, tolerance_s=0.25)) == set()
    assert found(history, replace(one, tolerance_s=0.125)) != set()


@pytest.mark.parametrize("first", ["Q0", "Q0 S2 P2 R2 F3", "Q0 S2 P2 R2 C3 Q4"])
def test_a_job_that_starts_before_its_predecessor_succeeded(first: str) -> None:
    history = made("a", "A1", b=f"{first} | Q0 S5 P5 R5 C6")
    assert found(history, Rules()) == {(Promise.ORDER, ("a.b0", "a.b1"))}


def test_all_earlier_jobs_are_waited_for() -> None:
    again = "Q0 S1 P1 R1 C2 Q5 S8 P8 R8 C9"
    history = made("a", "A0 R10 C11", b=f"{again} | Q0 S3 P3 R3 C4 | Q0 S6 P6 R6 C7")
    assert found(history) == {(Promise.ORDER, ("a.b0", "a.b2"))}


def test_a_retry_is_waited_for_anew() -> None:
    retried = "Q0 S2 P2 R2 F3 Q4 S5 P5 R5 C8"
    early, late = (f"Q0 Y3 Q4 S{start} P9 R9 C9.5" for start in (7, 8.5))
    assert found(made("a", "A1 R9.9 C10", b=f"{retried} | {late}")) == set()
    assert (Promise.ORDER, ("a.b0", "a.b1")) in found(
        made("a", "A1 R9.9 C10", b=f"{retried} | {early}")
    )


def test_a_branch_that_starts_before_what_it_needs() -> None:
    def told(start: float) -> History:
        return made(
            "a",
            "A1 R20 C21",
            needs={"r": ["b"]},
            b="Q0 S2 P2 R2 C5 | Q0 S6 P6 R6 C8",
            r=f"Q0 S{start} P9 R9 C10",
        )

    assert found(told(8)) == set()
    assert found(told(7)) == {(Promise.NEEDS, ("a.b1", "a.r0"))}
    assert found(told(4)) == {
        (Promise.NEEDS, ("a.b0", "a.r0")),
        (Promise.NEEDS, ("a.b1", "a.r0")),
    }


@pytest.mark.parametrize(
    "said",
    [
        "Q0 R2 C3",  # a process that was requeued while it booted
        "Q0 P2 R2 C3",
        "S1 P2 R2 C3",  # the deployment run by hand
        "Q0 S1 P1 R1 F2 S3 P4 R4 C5",  # Retry in the UI, and claimed
        "U0 S1 P2 R2 C3",
    ],
)
def test_a_start_that_did_not_come_from_the_queue(said: str) -> None:
    history = made("a", "A0 R8 C9", b=said)
    assert (Promise.ADMISSION, ("a.b0",)) in found(history)


def test_a_start_that_was_not_written_down() -> None:
    history = made("a", "A0 R8 C9", b="Q0 S1 P1 R1 F2 Q2 S3 P3 R3 C4")
    broken = {(Promise.ADMISSION, ("a.b0",))}
    assert found(admitted(history, "a.b0", 2, "Q2")) == set()
    assert found(admitted(history, "a.b0", 1, "Q2")) == broken
    assert found(admitted(history, "a.b0", 2, "Q0")) == broken
    assert found(with_job(history, "a.b0", attempt=2, admitted="")) == broken


def test_an_admission_that_is_written_down_and_not_resumed_yet() -> None:
    history = made("a", "A0", b="Q0 S1 P1 R1 F2 Q2")
    assert found(admitted(history, "a.b0", 2, "Q2"), Rules()) == set()
    assert found(admitted(history, "a.b0", 1, "Q0"), Rules()) == set()
    taken_back = with_job(history, "a.b0", attempt=2, admitted="")
    assert found(taken_back, Rules()) == set()


def test_a_job_that_starts_before_its_workflow_is_complete() -> None:
    history = made("a", "A5 R8 C9", b="Q0 S1 P1 R1 C2", c="Q3 S4 P4 R4 C5")
    assert found(history) == {(Promise.ADMISSION, ("a", "a.b0"))}


def test_strangers_may_be_refused_and_nothing_else() -> None:
    refused = StrangerHistory("x", states("S0 N1"))
    ran = StrangerHistory("y", states("S0 P1 R2 N3"))
    assert found(History(strangers=(refused,))) == set()
    assert found(History(strangers=(refused, ran))) == {(Promise.ADMISSION, ("y",))}
