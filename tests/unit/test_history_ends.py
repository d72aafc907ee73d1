"""The checker of promises, on histories made by hand: what is lost, skipped, committed, ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.made import made, made_job, with_job, without_job
from tests.helpers.history.records import Broken, History, Promise

FINAL = Rules(final=True)


def found(history: History, rules: Rules = FINAL) -> set[tuple[Promise, tuple[str, ...]]]:
    """Promise and runs of everything that was found."""
    return {(one.promise, one.runs) for one in broken_promises(history, rules)}


def test_lost_and_doubled_jobs() -> None:
    history = made("a", "A1 R8 C9", b="Q0 S2 P2 R2 C3 | Q0 S4 P4 R4 C5")
    missing = without_job(history, "a.b1")
    assert found(missing) == {
        (Promise.NONE_LOST, ("a",)),
        (Promise.ADMISSION, ("a", "a.b0")),  # it started, and the other never came
    }
    again = replace(history.jobs[1], id="again")
    doubled = replace(history, jobs=(*history.jobs, again))
    assert (Promise.NONE_LOST, ("a.b1", "again")) in found(doubled)
    orphans = replace(history, workflows=())
    assert found(orphans) == {(Promise.NONE_LOST, ("a.b0",)), (Promise.NONE_LOST, ("a.b1",))}
    extra = made_job("extra", "Q0 Z1", tenant="a", workflow="a", branch=1, jobs=2)
    assert (Promise.NONE_LOST, ("extra",)) in found(replace(history, jobs=(*history.jobs, extra)))


def test_a_half_made_submission_is_not_lost_until_it_is_accepted() -> None:
    half = without_job(made("a", "S0 P0 R0", b="Q0 | Q0"), "a.b1")
    assert found(half, Rules()) == set()
    waits = replace(half, workflows=made("a", "S0 P0 R0 A1", b="Q0 | Q0").workflows)
    assert found(waits, Rules()) == {(Promise.NONE_LOST, ("a",))}


def test_a_job_that_never_ends() -> None:
    history = made("a", "A1 R8 F9", b="Q0 S2 P2 R2 F3 | Q0", c="Q0 S2 P2 R2")
    assert found(history, Rules()) == {(Promise.WORKFLOW, ("a", "a.b1", "a.c0"))}
    assert found(history) >= {
        (Promise.NONE_LOST, ("a.b1",)),
        (Promise.NONE_LOST, ("a.b0", "a.b1")),  # nobody skipped it
        (Promise.NONE_LOST, ("a.c0",)),
    }


def test_a_job_without_a_state_is_lost() -> None:
    assert (Promise.NONE_LOST, ("a.b0",)) in found(made("a", "A1", b=""))


def test_an_end_of_an_unknown_name() -> None:
    assert found(made("a", "A1 R8 F9", b="Q0 S2 P2 R2 N3")) == {(Promise.NONE_LOST, ("a.b0",))}


@pytest.mark.parametrize(
    ("cause", "kept"),
    [
        ("Q0 S2 P2 R2 F4", True),
        ("Q0 S2 P2 R2 K4", True),
        ("Q0 Z4", True),
        ("Q0 S2 P2 R2 C4", False),
        ("Q0 S2 P2 R2 F7", False),  # after the skip
        ("Q0 Y4", False),  # skipped itself, and for nothing
        ("Q0 S2 P2 R2 F4 Q6 S7 P7 R7 C8", False),  # saved since, and its follower forgotten
    ],
)
@pytest.mark.parametrize("way", ["branch", "need", "far"])
def test_skips_have_a_cause(cause: str, kept: bool, way: str) -> None:
    if way == "branch":
        history = made("a", "A1", b=f"{cause} | Q0 Y5")
    elif way == "need":
        history = made("a", "A1", needs={"c": ["b"]}, b=cause, c="Q0 Y5")
    else:
        history = made("a", "A1", needs={"c": ["m"], "m": ["b"]}, b=cause, m="Q0 Y6", c="Q0 Y5")
    skipped = "a.b1" if way == "branch" else "a.c0"
    assert ((Promise.OWN_BRANCH, (skipped,)) in found(history)) is not kept


def test_a_failed_branch_stops_no_other() -> None:
    history = made("a", "A1 R8 F9", b="Q0 S2 P2 R2 F4", c="Q0 Y5")
    assert found(history) == {(Promise.OWN_BRANCH, ("a.c0",))}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Q0 S1 P1 R1 C2 S3 Q4 S5 P5 R5 C6", True),  # asked for again, put back, admitted
        ("Q0 S1 P1 R1 C2 C3", False),
        ("Q0 S1 P1 R1 K2 C3", False),  # declared dead, and committed afterwards
        ("Q0 S1 P1 R1 Z2 C3", False),
        ("Q0 S1 P1 R1 C2 R3 C4", False),
        ("Q0 S1 P1 R1 C2 S3 P3 R3 C4", False),
    ],
)
def test_committed_once(said: str, kept: bool) -> None:
    broken = found(made("a", "A0 R8 C9", b=said))
    assert ((Promise.ONCE, ("a.b0",)) in broken) is not kept


def test_results_are_there_where_jobs_completed(tmp_path: Path) -> None:
    history = made("a", "A0", b="Q0 S1 P1 R1 C2", c="Q0 S1 P1 R1 F2", d="Q0 S1 P1 R1")
    for job in history.jobs:
        history = with_job(history, job.id, out=str(tmp_path / job.id))
        (tmp_path / job.id).mkdir()
    look = Rules(results=True)
    assert found(history, look) == {(Promise.RESULTS, ("a.b0",))}
    (tmp_path / "a.b0" / "manifest.json").touch()
    (tmp_path / "a.d0" / "manifest.json").touch()
    assert found(history, look) == set()
    (tmp_path / "a.c0" / "manifest.json").touch()
    assert found(history, look) == {(Promise.RESULTS, ("a.c0",))}
    assert found(history, Rules()) == set()


DONE, BROKE, DEAD, STOPPED = "Q0 S1 P1 R1 C2", "Q0 S1 P1 R1 F2", "Q0 S1 P1 R1 K2", "Q0 Z2"


@pytest.mark.parametrize(
    ("jobs", "end", "kept"),
    [
        ((DONE, DONE), "R5 C6", True),
        ((DONE, BROKE), "R5 F6", True),
        ((STOPPED, DEAD), "R5 F6", True),
        ((DONE, STOPPED), "R5 Z6", True),
        ((DONE, BROKE), "Z6", True),  # cancelled by hand
        ((DONE, BROKE), "X5 Z6", True),
        ((DONE, BROKE), "R5 C6", False),
        ((DONE, STOPPED), "R5 C6", False),
        ((DONE, DONE), "R5 F6", False),
        ((DONE, DONE), "R5 Z6", False),
        ((DONE, BROKE), "R5 Z6", False),
        ((DONE, STOPPED), "R5 F6", False),
    ],
)
def test_workflows_end_as_their_jobs_did(jobs: tuple[str, str], end: str, kept: bool) -> None:
    broken = found(made("a", f"A0 {end}", b=jobs[0], c=jobs[1]))
    assert {promise for promise, _ in broken} == (set() if kept else {Promise.WORKFLOW})


def test_a_workflow_that_says_an_end_too_early() -> None:
    late = made("a", "A0 R1 C2", b="Q0 S1 P1 R1 C5")
    assert found(late) == {(Promise.WORKFLOW, ("a", "a.b0"))}
    starts = made("a", "A0 R6 F7", b="Q0 S1 P1 R1 F5 Q8 S9 P9 R9 C10")
    assert found(starts) == {(Promise.WORKFLOW, ("a", "a.b0"))}
    reopened = made("a", "A0 R6 F7 S8.5 P8.5 R8.5 A8.6 R11 C12", b="Q0 S1 P1 R1 F5 Q8 S9 P9 R9 C10")
    assert found(reopened) == set()
    crashed = made("a", "A0 R1 K2 S3 P3 R3 A4 R6 C7", b="Q0 S1 P1 R1 C5")
    assert found(crashed) == set()
    cancelled = made("a", "A0 Z2", b="Q0 S1 P1 R1 X3 Z5")
    assert found(cancelled) == set()


def test_a_workflow_that_does_not_end() -> None:
    assert found(made("a", "A0", b=DONE), Rules()) == set()
    assert found(made("a", "A0", b=DONE)) == {(Promise.WORKFLOW, ("a",))}
    assert found(made("a", "A0 R5 K6", b=DONE)) == {(Promise.WORKFLOW, ("a",))}


def test_what_is_found_is_said_in_one_line() -> None:
    one = Broken(Promise.ORDER, "job 1 before job 0", ("x", "y"))
    assert str(one) == "jobs of a branch run in order: job 1 before job 0 [x, y]"
