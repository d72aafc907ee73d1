"""One example for each rule of admission and each reason."""

import itertools

import pytest

from slideloom.errors import ParametersUnusable
from slideloom.scheduling.errors import RetryRefused
from slideloom.scheduling.followers import retry
from slideloom.scheduling.state import Branch, Job, JobState, Limits, Place, Reason, Standing
from slideloom.scheduling.state import Workflow as Flow
from tests.unit.scheduling.houses import decided, letters, places, workflow

SERVED, QUEUED = Standing.SERVED, Standing.QUEUED


def test_nothing_to_do() -> None:
    decision = decided()
    assert (decision.admit, decision.skip, decision.places, decision.wake_s) == ((), (), (), None)
    assert decided(workflow("ann", a="sf"), places=places("ann")).places == ()


def test_branches_run_side_by_side_and_each_in_order() -> None:
    decision = decided(workflow("ann", a="pp", b="spp"))
    assert decision.admit == ("ann.a0", "ann.b1")
    assert decision.reasons == {"ann.a1": Reason.BRANCH, "ann.b2": Reason.BRANCH}


def test_a_branch_starts_when_all_that_it_needs_has_succeeded() -> None:
    waits = decided(workflow("ann", a="s", b="sr", c="pp a b"))
    assert waits.reasons == {"ann.c0": Reason.NEEDS, "ann.c1": Reason.BRANCH}
    assert decided(workflow("ann", a="s", b="ss", c="pp a b")).admit == ("ann.c0",)


def test_tenants_enter_by_their_oldest_job() -> None:
    flows = [workflow(name, created_s=20 - place, a="p") for place, name in enumerate("abcd")]
    decision = decided(*flows, max_active_users=3)
    assert decision.admit == ("d.a0", "c.a0", "b.a0")
    assert decision.reasons == {"a.a0": Reason.USER_SLOT}
    assert [place.tenant for place in decision.places] == ["d", "c", "b"]


def test_a_tenant_keeps_its_place_between_its_jobs() -> None:
    ann, bob = workflow("ann", 5.0, a="sp"), workflow("bob", 1.0, a="p")
    decision = decided(ann, bob, places=places("ann"), max_active_users=1)
    assert decision.admit == ("ann.a1",)
    assert decision.reasons == {"bob.a0": Reason.USER_SLOT}


def test_free_workers_go_to_the_tenant_with_the_fewest_then_to_the_oldest_job() -> None:
    ann = workflow("ann", 1.0, a="r", b="r", c="p")
    bob = workflow("bob", 3.0, a="r", b="p")
    cat = workflow("cat", 2.0, a="p", b="p")
    decision = decided(ann, bob, cat, places=places("ann", "bob", "cat"), max_workers=6)
    assert decision.admit == ("cat.a0", "cat.b0", "bob.b0")
    assert decision.reasons == {"ann.c0": Reason.WORKER}


def test_the_oldest_of_a_tenants_jobs_goes_first() -> None:
    new, old = workflow("ann", 9.0, "new", a="p"), workflow("ann", 2.0, "old", a="p")
    assert decided(new, old, max_workers=1).admit == ("old.a0",)


@pytest.mark.parametrize(("letter"), ["f", "c", "k"])
def test_an_ill_end_takes_its_followers_along_and_nothing_else(letter: str) -> None:
    flow = workflow("ann", a=f"{letter}pp", b="p a", c="p b", d="p", e=f"r{letter}p")
    decision = decided(flow, workflow("bob", a="p"))
    assert decision.skip == ("ann.a1", "ann.a2", "ann.b0", "ann.c0", "ann.e2")
    assert set(decision.admit) == {"ann.d0", "bob.a0"}


def test_a_job_before_a_cancelled_one_still_runs() -> None:
    decision = decided(workflow("ann", a="pcp", b="p a"))
    assert (decision.admit, decision.skip) == (("ann.a0",), ("ann.a2", "ann.b0"))


def test_a_pause_after_a_failure_blocks_its_branch_and_says_when_to_ask_again() -> None:
    paused = Branch("a", (Job("a0", not_before_s=130.0), Job("a1")))
    flow = Flow("w", "ann", 0.0, (paused, Branch("b", (Job("b0"),))))
    decision = decided(flow)
    assert decision.admit == ("b0",)
    assert decision.reasons == {"a0": Reason.BRANCH, "a1": Reason.BRANCH}
    assert decision.wake_s == 130.0
    assert "a0" in decided(flow, now_s=130.0).admit


def test_a_retried_job_queues_anew() -> None:
    again = Flow("w", "ann", 1.0, (Branch("a", (Job("a0", not_before_s=50.0),)),))
    decision = decided(again, workflow("bob", 20.0, a="p"), max_active_users=1)
    assert decision.admit == ("bob.a0",)


def test_more_runs_than_may() -> None:
    flow = workflow("ann", a="r", b="r", c="r", d="p")
    decision = decided(flow, max_workers=2)
    assert (decision.admit, decision.reasons) == ((), {"ann.d0": Reason.WORKER})


def test_a_running_tenant_without_a_place_gets_the_last_one_and_no_more_jobs() -> None:
    stray = workflow("eve", 0.0, a="r", b="p")
    flows = [workflow("ann", 5.0, a="r", b="p"), workflow("bob", 6.0, a="p")]
    decision = decided(stray, *flows, places=places("ann", "bob"), max_active_users=2)
    assert decision.admit == ("ann.b0",)
    assert [place.tenant for place in decision.places] == ["ann", "bob", "eve"]
    assert decision.reasons == {"bob.a0": Reason.USER_SLOT, "eve.b0": Reason.USER_SLOT}


def test_when_the_limit_is_lowered_the_first_places_count() -> None:
    flows = [workflow(name, a="sp") for name in "abc"]
    decision = decided(*flows, places=places("c", "a", "b"), max_active_users=1)
    assert decision.admit == ("c.a1",)
    assert [place.tenant for place in decision.places] == ["c", "a", "b"]


def test_a_tenant_that_is_due_gets_nothing_new_while_others_wait() -> None:
    ann, bob = workflow("ann", a="r", b="p"), workflow("bob", 50.0, a="p")
    due = (Place("ann", 0.0, SERVED),)
    house = {"places": due, "max_active_users": 1}
    assert decided(ann, bob, **house, rotate_after_s=200).admit == ("ann.b0",)  # type: ignore[arg-type]
    assert decided(ann, **house, rotate_after_s=60).admit == ("ann.b0",)  # type: ignore[arg-type]
    decision = decided(ann, bob, **house, rotate_after_s=60)  # type: ignore[arg-type]
    assert decision.admit == ()
    assert decision.reasons == {"ann.b0": Reason.USER_SLOT, "bob.a0": Reason.USER_SLOT}
    assert decision.places == due


def test_a_tenant_that_is_due_leaves_when_nothing_of_it_runs_and_queues_last() -> None:
    ann = workflow("ann", 0.0, a="sp")
    bob, cat = workflow("bob", 50.0, a="p"), workflow("cat", 60.0, a="p")
    due = (Place("ann", 0.0, SERVED),)
    left = decided(ann, bob, cat, places=due, max_active_users=1, rotate_after_s=60)
    assert left.admit == ("bob.a0",)
    assert left.places == (Place("bob", 100.0, SERVED), Place("ann", 100.0, QUEUED))
    then = decided(ann, cat, places=left.places, max_active_users=1, now_s=110.0)
    assert then.admit == ("cat.a0",)


def test_no_more_rotate_than_wait_and_the_longest_served_goes_first() -> None:
    flows = [workflow(name, a="r", b="p") for name in ("ann", "bob")]
    house = (Place("ann", 20.0, SERVED), Place("bob", 10.0, SERVED))
    waiting = workflow("cat", 50.0, a="p")
    decision = decided(*flows, waiting, places=house, max_active_users=2, rotate_after_s=60)
    assert decision.admit == ("ann.b0",)


def test_an_unused_place_is_not_taken_away() -> None:
    flows = [workflow("ann", a="rr"), workflow("bob", a="p"), workflow("cat", 50.0, a="p")]
    house = (Place("ann", 0.0, SERVED), Place("bob", 0.0))
    decision = decided(*flows, places=house, max_workers=1, max_active_users=2, rotate_after_s=60)
    assert decision.places == house
    assert decision.reasons["bob.a0"] is Reason.WORKER


def test_wakes_when_the_next_tenant_is_due() -> None:
    ann, bob = workflow("ann", a="p"), workflow("bob", a="p")
    limits = {"max_active_users": 1, "rotate_after_s": 60}
    assert decided(ann, bob, **limits).wake_s == 160.0
    assert decided(ann, **limits).wake_s is None


def test_the_order_of_the_workflows_does_not_matter() -> None:
    flows = [workflow(f"t{number % 3}", 1.0, f"w{number}", a="p", b="sp") for number in range(4)]
    said = {decided(*order).admit for order in itertools.permutations(flows)}
    assert len(said) == 1


def test_retry_brings_back_what_only_waited_for_it() -> None:
    flow = workflow("ann", a="sfkk", b="kk a", c="k b d", d="f", e="k d")
    changed = retry(flow, "ann.a1", 40.0)
    after = letters(flow.with_jobs(changed))
    assert after == {"a": "sppp", "b": "pp", "c": "k", "d": "f", "e": "k"}
    assert {job.not_before_s for job in changed.values()} == {40.0}


def test_retry_does_not_bring_back_what_follows_a_cancelled_job() -> None:
    flow = workflow("ann", a="fkck", b="k a")
    assert letters(flow.with_jobs(retry(flow, "ann.a0", 40.0))) == {"a": "ppck", "b": "k"}


@pytest.mark.parametrize("letter", "prsck")
def test_only_a_failed_job_can_be_retried(letter: str) -> None:
    with pytest.raises(RetryRefused, match="only a FAILED job"):
        retry(workflow("ann", a=letter), "ann.a0", 0.0)


def test_an_unknown_job_cannot_be_retried() -> None:
    with pytest.raises(RetryRefused, match="there is no job x in workflow ann"):
        retry(workflow("ann", a="f"), "x", 0.0)


@pytest.mark.parametrize(
    ("branches", "outcome"),
    [
        ({"a": "ss"}, JobState.SUCCEEDED),
        ({"a": "sp", "b": "f"}, None),
        ({"a": "sr", "b": "f"}, None),
        ({"a": "sc", "b": "fk"}, JobState.FAILED),
        ({"a": "sc", "b": "s"}, JobState.CANCELLED),
    ],
)
def test_a_workflow_ends_as_its_jobs_did(
    branches: dict[str, str], outcome: JobState | None
) -> None:
    assert workflow("ann", **branches).outcome() is outcome


@pytest.mark.parametrize(
    "wrong", [{"max_workers": 0}, {"max_active_users": 0}, {"rotate_after_s": -1.0}]
)
def test_limits_under_which_nothing_runs_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParametersUnusable, match=next(iter(wrong))):
        Limits(**wrong)  # type: ignore[arg-type]
