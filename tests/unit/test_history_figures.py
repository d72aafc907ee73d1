"""Figures of histories made by hand, and the report that shows them."""

import math

import pytest

from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.figures import figures, spread
from tests.helpers.history.gaps import gaps
from tests.helpers.history.made import made, together, with_job
from tests.helpers.history.records import History
from tests.helpers.history.report import report
from tests.helpers.history.stretches import all_stretches


def gaps_of(history: History, workers: int = 5, users: int = 3) -> dict[str, float]:
    found = gaps(history, all_stretches(history.jobs), workers, users)
    return {gap.job: gap.seconds for gap in found}


def test_the_next_of_a_branch_waits_for_the_one_before() -> None:
    history = made("a", "A0", b="Q0 S2 P2 R2 C4 | Q0 S4.5 P5 R5 C6")
    assert gaps_of(history) == {"a.b1": 0.5}


def test_who_was_not_there_yet_waited_for_nothing() -> None:
    history = made("a", "A0", b="Q0 S2 P2 R2 C4")
    assert gaps_of(together(history, made("d", "A7", b="Q7 S7.5 P8 R8 C9"))) == {}


def test_each_of_two_ends_has_its_own_admission() -> None:
    """Two places become free one after the other and are taken at once: the first lay longer."""
    history = together(
        made("a", "A0", b="Q0 S1 P1 R1 C4", c="Q0 S1 P1 R1 C4.75"),
        made("d", "A0", b="Q0 S5 P5 R5 C6", c="Q0 S5.125 P5.25 R5.25 C6"),
    )
    assert gaps_of(history, workers=2) == {"d.b0": 1, "d.c0": 0.375}


def test_a_need_and_a_tenants_place_are_waited_for() -> None:
    needs = made("a", "A0", needs={"c": ["b"]}, b="Q0 S1 P1 R1 C4", c="Q0 S4.25 P5 R5 C6")
    assert gaps_of(needs) == {"a.c0": 0.25}
    waits = made("d", "A0", b="Q0 S6.5 P7 R7 C8", c="Q0 S6.75 P7 R7 C8")
    assert gaps_of(together(needs, waits), users=1) == {"a.c0": 0.25, "d.b0": 0.5}


def test_a_pause_before_a_retry_is_no_gap() -> None:
    history = made("a", "A0", b="Q0 S1 P1 R1 F4 Q4.25 S15 P15 R15 C16", c="Q0 S4.5 P5 R5 C6")
    assert gaps_of(history, workers=1) == {"a.c0": 0.5, "a.b0": 9}
    assert gaps_of(with_job(history, "a.b0", not_before_s=14.0), workers=1) == {"a.c0": 0.5}


def test_the_spread() -> None:
    assert spread([4.0, 1.0, 2.0]) == spread([1.0, 2.0, 4.0])
    ranked = spread([float(number) for number in range(1, 101)])
    assert (ranked.count, ranked.median_s, ranked.p95_s, ranked.max_s) == (100, 50.5, 95, 100)
    assert spread([]).count == 0
    assert math.isnan(spread([]).median_s)


def day() -> History:
    return together(
        made(
            "a",
            "A0 R11 F12",
            b="Q0 S2 P2 R2 F4 Q4 S5 P5 R5 F8 | Q0 Y9",
            c="Q0 S2 P3 Q5 S6 P7 R8 C10",
        ),
        made("d", "A0 R11 C12", b="Q0 S1 Q2 S4 P4 R4 C6 S7 Q8 S9 P9 R9 C10"),
    )


def test_figures_of_a_day() -> None:
    found = figures(day(), max_workers=5, max_users=3)
    assert found.workflows == {"Failed": 1, "Completed": 1}
    assert found.jobs == {"Failed": 1, "Skipped": 1, "Completed": 2}
    assert (found.most_jobs, found.most_tenants, found.most_places) == (2, 2, 2)
    assert (found.seconds, found.utilisation) == (8, (2 + 3 + 3 + 4 + 2 + 1) / 40)
    assert found.tried_again == 3
    assert found.changes == {"retried": 1, "requeued": 1, "put back": 2}
    assert (found.wait.count, found.wait.median_s, found.wait.max_s) == (6, 1.5, 2)


def test_figures_of_nothing_and_of_what_still_runs() -> None:
    nothing = figures(History(), 5, 3)
    assert (nothing.most_jobs, nothing.seconds) == (0, 0)
    assert math.isnan(nothing.utilisation)
    runs = figures(made("a", "A0", b="Q0 S1 P1"), 5, 3)
    assert (runs.most_jobs, runs.most_places, runs.tried_again) == (1, 1, 0)
    assert math.isnan(runs.utilisation)


def test_the_report_says_what_was_kept() -> None:
    rules = Rules(final=True)
    text = report(figures(day(), 5, 3), broken_promises(day(), rules), rules)
    assert "every promise was kept" in text
    assert "2 jobs of 5" in text
    assert "2 tenants with a place of 3" in text
    assert "4: 2 Completed, 1 Failed, 1 Skipped" in text


@pytest.mark.parametrize("number", [1, 25])
def test_the_report_names_what_was_broken(number: int) -> None:
    history = together(*(made(f"t{at}", "A1", b="Q0 S1 P1 R1 C2") for at in range(number)))
    rules = Rules(max_workers=1000, max_users=1000, final=True)
    text = report(figures(history, 1000, 1000), broken_promises(history, rules), rules)
    assert f"BROKEN {number} times: a workflow ends as its jobs did" in text
    assert "[t0]" in text
    assert ("and 5 more" in text) == (number == 25)
    assert "every promise was kept" not in text
