"""Workflows and jobs as they are shown, without a server."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console, RenderableType

from deployments.cli.pages import lines, list_page, live, page
from deployments.cli.wording import age, printable, reason_in_words
from runs.views import BranchView, JobView, WorkflowView, plain
from slideloom.scheduling.state import JobState, Reason
from slideloom.settings import Settings

JOB = JobView(
    id="11111111-1111-4111-8111-111111111111",
    tenant="alice",
    workflow="22222222-2222-4222-8222-222222222222",
    branch="left",
    number=1,
    kind="tissue_mask",
    slide="a.svs",
    state=JobState.PENDING,
    reason=None,
    attempt=0,
    done=None,
    total=None,
    message="Waits to be admitted.",
    folder="/results/alice/1",
    error=None,
)


def _workflow(*branches: BranchView, **changed: Any) -> WorkflowView:
    given: dict[str, Any] = {
        "id": JOB.workflow,
        "tenant": "alice",
        "name": "biopsy 17",
        "state": JobState.RUNNING,
        "message": "",
        "created": datetime.now(UTC) - timedelta(days=5, hours=1),
        "done": 1,
        "total": 3,
        **changed,
    }
    return WorkflowView(**given, branches=branches)


WORKFLOW = _workflow(
    BranchView(
        "left",
        (),
        (
            replace(JOB, state=JobState.SUCCEEDED),
            replace(JOB, id="job-2", number=2, state=JobState.RUNNING, done=30, total=120),
        ),
    ),
    BranchView("report", ("left",), (replace(JOB, id="job-3", reason=Reason.NEEDS),)),
)


def _shown(content: RenderableType, width: int = 200) -> str:
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(content)
    return capture.get()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.USER_SLOT, "at most 4 tenants"),
        (Reason.BRANCH, "earlier job of its branch"),
        (Reason.NEEDS, "branch that its branch needs"),
        (Reason.WORKER, "all 7 workers are busy"),
    ],
)
def test_every_reason_in_words_and_in_the_page(reason: Reason, said: str) -> None:
    limits = Settings(max_workers=7, max_active_users=4)
    assert said in reason_in_words(reason, limits)
    words = reason_in_words(reason, Settings())
    assert f"waits: {words}" in _shown(page(replace(JOB, reason=reason)))


def test_the_page_of_a_workflow() -> None:
    shown = _shown(page(WORKFLOW))
    assert "biopsy 17" in shown
    assert "1/3 jobs" in shown
    assert "5 d old" in shown
    assert "running: 30 of 120 tiles" in shown
    assert "report (needs left)" in shown
    assert "waits: a branch that its branch needs has not succeeded yet" in shown
    assert all(job.id in shown for job in WORKFLOW.jobs)


def test_the_page_of_a_job() -> None:
    failed = replace(
        JOB, state=JobState.FAILED, message="a.svs breaks", attempt=2, error="SlideUnreadable"
    )
    shown = _shown(page(failed))
    for said in ("FAILED: a.svs breaks", "SlideUnreadable", "2 times", "/results/alice/1"):
        assert said in shown
    assert "tiles" not in shown


def test_the_list() -> None:
    shown = _shown(list_page([WORKFLOW, _workflow(state=JobState.FAILED, done=3)]))
    first, second = shown.splitlines()[1:]
    assert first.split() == [WORKFLOW.id, "alice", "biopsy", "17", "open", "1/3", "5", "d"]
    assert "FAILED" in second


def test_the_live_display_shows_what_each_branch_is_at() -> None:
    left, report = _shown(live(WORKFLOW)).splitlines()[2:]
    assert "1/2" in left
    assert "tissue_mask a.svs: running: 30 of 120 tiles" in left
    assert "━" in left
    assert "0/1" in report
    assert "waits: a branch" in report


def test_a_branch_that_went_ill_shows_the_job_that_did() -> None:
    jobs = (
        replace(JOB, state=JobState.FAILED, message="broken"),
        replace(JOB, number=2, state=JobState.SKIPPED),
    )
    assert "FAILED: broken" in _shown(live(_workflow(BranchView("left", (), jobs))))


def test_a_line_changes_when_there_is_something_to_say() -> None:
    said = lines(WORKFLOW)
    assert said["job-2"] == "left 2, tissue_mask a.svs: running: 20 % of 120 tiles"
    branch = WORKFLOW.branches[0]

    def at(done: int) -> str:
        job = replace(branch.jobs[1], done=done)
        return lines(replace(WORKFLOW, branches=(replace(branch, jobs=(job,)),)))["job-2"]

    assert at(35) == said["job-2"]
    assert at(36) != said["job-2"]


def test_what_tenants_write_neither_marks_up_nor_steers() -> None:
    nasty = "[red]a[/red]\x1b[31m\r\nb"
    job = replace(JOB, slide=nasty, branch=nasty, state=JobState.FAILED, message=nasty)
    view = _workflow(BranchView(nasty, (), (job,)), name=nasty, tenant=nasty)
    for content in (page(job), page(view), live(view), live(job), list_page([view])):
        shown = _shown(content)
        assert "\x1b" not in shown
        assert "\r" not in shown
        assert "[red]a[/red]" in shown
    assert not any("\x1b" in line or "\n" in line for line in lines(view).values())


def test_a_workflow_without_jobs_says_what_its_state_says() -> None:
    view = _workflow(state=JobState.FAILED, message="branch 'left': no such slide", done=0)
    assert "FAILED: branch 'left': no such slide" in _shown(page(view))


def test_json_has_the_same_keys_whatever_the_state() -> None:
    stated = json.loads(json.dumps(plain(WORKFLOW)))
    jobs = [job for branch in stated["branches"] for job in branch["jobs"]]
    assert {frozenset(job) for job in jobs} == {frozenset(plain(JOB))}
    assert jobs[1]["state"] == "RUNNING"
    assert jobs[2]["reason"] == "NEEDS"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59, "59 s"), (719, "11 min"), (7200, "2 h"), (200000, "2 d")],
)
def test_ages(seconds: float, said: str) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert age(since, since.timestamp() + seconds) == said


def test_printable() -> None:
    assert printable("a\x00b\n\tc µ") == "a b c µ"
