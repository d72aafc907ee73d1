"""What the states of runs mean to the scheduler."""

from dataclasses import replace

import pytest
from prefect.client.schemas.objects import StateType

from runs import labels
from runs.reading import Due, Patience, meaning
from runs.reaper import Bounds, Overdue, overdue
from runs.records import JobRun
from slideloom.scheduling.state import JobState

PATIENCE = Patience(retries=2, delay_s=10)


def run(type_: StateType, name: str = "", **written: object) -> JobRun:
    return JobRun(
        id="job",
        name="a job",
        tenant="alice",
        workflow="workflow",
        branch=0,
        index=0,
        jobs=1,
        type=type_,
        state=name or type_.value.title(),
        state_id="state",
        since_s=1000.0,
        message="",
        tags=frozenset(),
        labels={f"slideloom.{key}": value for key, value in written.items()},
        parameters={},
    )


@pytest.mark.parametrize(
    ("found", "state", "due"),
    [
        (run(StateType.PAUSED, "Queued"), JobState.PENDING, Due.NOTHING),
        (run(StateType.PAUSED, "Queued", admitted="state"), JobState.RUNNING, Due.RESUME),
        (run(StateType.PAUSED, "Queued", admitted="older"), JobState.PENDING, Due.NOTHING),
        (run(StateType.PAUSED, "Suspended"), JobState.PENDING, Due.QUEUE_AGAIN),
        (run(StateType.SCHEDULED, "Resuming"), JobState.RUNNING, Due.NOTHING),
        (run(StateType.PENDING), JobState.RUNNING, Due.NOTHING),
        (run(StateType.RUNNING), JobState.RUNNING, Due.NOTHING),
        (run(StateType.CANCELLING), JobState.RUNNING, Due.NOTHING),
        (run(StateType.COMPLETED), JobState.SUCCEEDED, Due.NOTHING),
        (run(StateType.CANCELLED), JobState.CANCELLED, Due.NOTHING),
        (run(StateType.CANCELLED, "Skipped"), JobState.SKIPPED, Due.NOTHING),
        (run(StateType.CRASHED), JobState.PENDING, Due.RETRY),
        (run(StateType.FAILED), JobState.PENDING, Due.RETRY),
        (run(StateType.CRASHED, retries=2), JobState.FAILED, Due.NOTHING),
        (run(StateType.CRASHED, retries=2, retry_of="state"), JobState.PENDING, Due.RETRY_WRITTEN),
        (run(StateType.FAILED, error="SlideUnreadable"), JobState.FAILED, Due.NOTHING),
        (run(StateType.FAILED, error=""), JobState.PENDING, Due.RETRY),
    ],
)
def test_each_state_of_a_run_means_one_state_of_a_job(
    found: JobRun, state: JobState, due: Due
) -> None:
    job, what = meaning(found, PATIENCE)
    assert (job.state, what) == (state, due)


def test_a_run_started_by_hand_still_waits() -> None:
    job, due = meaning(run(StateType.SCHEDULED, "AwaitingRetry"), PATIENCE, by_hand=True)
    assert (job.state, due) == (JobState.PENDING, Due.QUEUE_AGAIN)


def test_the_pause_doubles_with_each_automatic_retry() -> None:
    first, _ = meaning(run(StateType.CRASHED), PATIENCE)
    second, _ = meaning(run(StateType.CRASHED, retries=1), PATIENCE)
    assert (first.not_before_s, second.not_before_s) == (1010.0, 1020.0)


def test_a_retried_job_queues_from_when_it_was_asked_for() -> None:
    job, _ = meaning(run(StateType.PAUSED, "Queued", not_before=1234.5), PATIENCE)
    assert job.not_before_s == 1234.5


def test_labels_that_are_read_are_those_that_are_written() -> None:
    found = run(StateType.PAUSED, "Queued")
    found = replace(found, labels={labels.ATTEMPT: 3, labels.ADMITTED: "x", labels.RETRIES: 1})
    assert (found.attempt, found.admitted, found.retries) == (3, "x", 1)


@pytest.mark.parametrize(
    ("type_", "quiet_s", "verdict"),
    [
        (StateType.PENDING, 121, Overdue.PENDING),
        (StateType.PENDING, 119, None),
        (StateType.RUNNING, 91, Overdue.SILENT),
        (StateType.RUNNING, 89, None),
        (StateType.CANCELLING, 61, Overdue.CANCELLING),
        (StateType.CANCELLING, 59, None),
        (StateType.PAUSED, 1e9, None),
        (StateType.SCHEDULED, 1e9, None),
        (StateType.COMPLETED, 1e9, None),
    ],
)
def test_how_long_one_waits_for_a_sign_of_life(
    type_: StateType, quiet_s: float, verdict: Overdue | None
) -> None:
    assert overdue(type_, quiet_s, Bounds(120, 90, 60)) is verdict
