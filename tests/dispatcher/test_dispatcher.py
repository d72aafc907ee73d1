"""What the dispatcher does on a real server, with jobs that only pretend to work."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from prefect.client.schemas.objects import StateType
from prefect.states import AwaitingRetry, Crashed, Failed, Pending

from deployments.dispatcher.workflows import MAX_RESTARTS
from runs import labels
from runs.changes import cancel, force, fresh
from runs.names import SEGMENT_JOB, TISSUE_JOB
from runs.states import AWAITING, GIVEN_UP, NOT_ADMITTED, QUEUED, SKIPPED, queued
from tests.dispatcher import town
from tests.dispatcher.house import House, dispatching, eventually, limits, opened
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.reading import read_history


def _reason(tags: list[str]) -> str:
    return "".join(tag for tag in tags if tag.startswith("waiting:"))


def test_a_branch_runs_in_order_and_its_failure_skips_only_what_follows(play) -> None:
    async def script(house: House) -> None:
        house.ends["b1"] = [Failed(message="no")]
        workflow, jobs = await house.submit(
            "alice",
            {"a": "a0 a1 a2", "b": "b0 b1 b2", "c": "c0", "d": "d0"},
            {"c": ["a"], "d": ["b"]},
        )
        await house.until(workflow, "Completed")
        states = {slide: await house.state(job) for slide, job in jobs.items()}
        assert states == {
            **dict.fromkeys(["a0", "a1", "a2", "b0", "c0"], "Completed"),
            "b1": "Failed",
            "b2": SKIPPED,
            "d0": SKIPPED,
        }
        # Workflows' runs are among them under names that Prefect makes up.
        assert [run for run in house.worker.ran if run in jobs and run[0] == "a"] == [
            "a0",
            "a1",
            "a2",
        ]

    play(script, limits(job_retries=0))


def test_every_queued_job_says_why_it_waits(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0", "b0")
        _, first = await house.submit("alice", {"a": "a0 a1", "n": "n0"}, {"n": ["a"]})
        await house.until(first["a0"], "Running")
        _, second = await house.submit("bob", {"b": "b0 b1"})
        await house.until(second["b0"], "Running")
        _, third = await house.submit("alice", {"w": "w0"})
        _, fourth = await house.submit("carol", {"c": "c0"})
        expected = {
            first["a1"]: "waiting:BRANCH",
            first["n0"]: "waiting:NEEDS",
            second["b1"]: "waiting:BRANCH",
            third["w0"]: "waiting:WORKER",
            fourth["c0"]: "waiting:USER_SLOT",
        }

        async def right() -> bool:
            runs = [await house.client.read_flow_run(UUID(job)) for job in expected]
            return [_reason(run.tags) for run in runs] == list(expected.values())

        await eventually(right, "all four reasons")
        house.let_go("a0", "b0")
        run = await house.until(fourth["c0"], "Completed")

        async def silent() -> bool:
            return not _reason((await house.client.read_flow_run(run.id)).tags)

        await eventually(silent, "no reason on a job that has run")

    play(script, limits(max_workers=2, max_active_users=2))


def test_resume_by_hand_changes_nothing_but_the_message(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, jobs = await house.submit("alice", {"a": "a0", "b": "b0"})
        await house.until(jobs["a0"], "Running")
        await house.until(jobs["b0"], QUEUED)
        await house.client.resume_flow_run(UUID(jobs["b0"]))

        async def told() -> bool:
            run = await house.client.read_flow_run(UUID(jobs["b0"]))
            return run.state is not None and "by hand" in (run.state.message or "")

        await eventually(told, "a message on the job that was resumed by hand")
        house.let_go("a0")
        run = await house.until(jobs["b0"], "Completed")
        assert run.labels[labels.ATTEMPT] == 1

    play(script, limits(max_workers=1))


def test_retry_by_hand_waits_its_turn_and_reopens_the_workflow(play) -> None:
    async def script(house: House) -> None:
        house.ends["a0"] = [Failed(message="no")]
        workflow, jobs = await house.submit("alice", {"a": "a0 a1"})
        await house.until(workflow, "Completed")
        assert await house.state(jobs["a1"]) == SKIPPED
        house.hold("x0")
        _, other = await house.submit("bob", {"x": "x0"})
        await house.until(other["x0"], "Running")
        await force(house.client, jobs["a0"], AwaitingRetry(message="Retry from the UI"))
        await house.until(jobs["a0"], QUEUED)
        await house.until(jobs["a1"], QUEUED)
        await house.until(workflow, AWAITING)
        house.let_go("x0")
        await house.until(jobs["a1"], "Completed")
        await house.until(workflow, "Completed")
        assert house.worker.ran.count("a0") == 2

    play(script, limits(max_workers=1, job_retries=0))


@pytest.mark.parametrize("deployment", [SEGMENT_JOB, TISSUE_JOB])
def test_an_internal_deployment_run_by_hand_ends_with_advice(play, deployment: str) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, jobs = await house.submit("alice", {"a": "a0"})
        await house.until(jobs["a0"], "Running")
        stranger = await house.client.create_flow_run_from_deployment(house.ids[deployment])
        run = await house.until(str(stranger.id), NOT_ADMITTED, "Completed")
        assert run.state is not None
        assert run.state.type is StateType.FAILED
        assert "slideloom submit" in (run.state.message or "")
        house.let_go("a0")

    play(script)


def test_a_half_made_submission_is_not_looked_at(play) -> None:
    async def script(house: House) -> None:
        spec = [("a", [], ["a0", "a1"])]
        workflow, jobs = await town.submit(house.client, house.ids, "alice", spec, missing=1)
        _, others = await house.submit("alice", {"b": "b0"})
        await house.until(others["b0"], "Completed")
        assert await house.state(jobs["a0"]) == QUEUED
        # A workflow that misses jobs is resumed to make them; the pretended one just ends.
        await house.until(workflow, "Completed")

    play(script)


def test_a_crash_is_tried_again_and_bad_input_is_not(play) -> None:
    async def script(house: House) -> None:
        house.ends["a0"] = [Crashed(message="killed")]
        house.ends["b0"] = [Crashed(message="killed"), Crashed(message="killed")]
        house.ends["c0"] = [Failed(message="a damaged slide")]
        house.hold("c0")
        workflow, jobs = await house.submit("alice", {"a": "a0", "b": "b0", "c": "c0"})
        await house.until(jobs["c0"], "Running")
        await house.client.update_flow_run_labels(
            UUID(jobs["c0"]), {labels.ERROR: "SlideUnreadable"}
        )
        house.let_go("c0")
        await house.until(workflow, "Completed")
        states = {slide: await house.state(job) for slide, job in jobs.items()}
        assert states == {"a0": "Completed", "b0": "Crashed", "c0": "Failed"}
        assert sorted(house.worker.ran) == sorted(
            ["a0", "a0", "b0", "b0", "c0", (await house.client.read_flow_run(UUID(workflow))).name]
        )

    play(script, limits(job_retries=1))


def test_the_pause_before_a_retry_holds_up_its_branch_only(play) -> None:
    async def script(house: House) -> None:
        house.ends["a0"] = [Crashed(message="killed")]
        _, jobs = await house.submit("alice", {"a": "a0 a1", "b": "b0"})
        await house.until(jobs["b0"], "Completed")
        job = UUID(jobs["a0"])

        async def pausing() -> bool:
            run = await house.client.read_flow_run(job)
            not_before_s = float(run.labels.get(labels.NOT_BEFORE, 0))
            return await house.state(jobs["a0"]) == QUEUED and not_before_s > time.time() + 3000

        await eventually(pausing, "a0 is queued for an hour from now")
        await house.client.update_flow_run_labels(job, fresh(0.0))
        await force(house.client, jobs["a0"], queued())
        await house.until(jobs["a1"], "Completed")

    play(script, limits(retry_delay_s=3600))


def test_cancelling_a_workflow_cancels_its_jobs_and_no_others(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        workflow, jobs = await house.submit("alice", {"a": "a0 a1", "b": "b0"}, {"b": ["a"]})
        _, others = await house.submit("bob", {"x": "x0"})
        await house.until(jobs["a0"], "Running")
        assert await cancel(house.client, workflow)
        await house.until(jobs["a1"], "Cancelled")
        await house.until(jobs["b0"], "Cancelled")
        await house.until(jobs["a0"], "Cancelling")
        await house.until(others["x0"], "Completed")
        house.let_go("a0")

    play(script)


def test_what_a_killed_dispatcher_wrote_down_is_finished(database_url: str) -> None:
    async def main() -> None:
        async with opened() as house:
            house.hold("a0", "b0")
            _, first = await house.submit("alice", {"a": "a0"})
            _, second = await house.submit("bob", {"b": "b0"})
            await _intend(house, second["b0"], "killed")
            async with dispatching(database_url, limits(max_workers=1)):
                await house.until(second["b0"], "Running")
                assert await house.state(first["a0"]) == QUEUED
                house.let_go("a0", "b0")
                await house.until(first["a0"], "Completed")

    asyncio.run(main())


def test_what_a_dispatcher_writes_that_has_lost_its_lock_counts_for_nothing(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, jobs = await house.submit("alice", {"a": "a0", "b": "b0"})
        await house.until(jobs["a0"], "Running")
        await _intend(house, jobs["b0"], "late")
        await force(house.client, jobs["a0"], queued())  # any event makes it look

        async def cleared() -> bool:
            run = await house.client.read_flow_run(UUID(jobs["b0"]))
            return run.labels[labels.ADMITTED] == ""

        # Labels send no events: the run's own next change shows it.
        await house.client.update_flow_run(UUID(jobs["b0"]), name="b0")
        await force(house.client, jobs["b0"], queued())
        await eventually(
            lambda: _either(cleared, house, jobs["b0"]), "the late admission is not honoured"
        )
        house.let_go("a0")

    play(script, limits(max_workers=1))


async def _either(cleared: Callable[[], Awaitable[bool]], house: House, job: str) -> bool:
    return await cleared() or await house.state(job) == QUEUED


async def _intend(house: House, job: str, who: str) -> None:
    run = await house.client.read_flow_run(UUID(job))
    assert run.state is not None
    await house.client.update_flow_run_labels(
        run.id,
        {labels.ADMITTED: str(run.state.id), labels.ATTEMPT: 1, labels.DISPATCHER: who},
    )


def test_a_run_that_was_taken_and_not_started_queues_again(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, jobs = await house.submit("alice", {"a": "a0"})
        await house.until(jobs["a0"], "Running")
        await force(house.client, jobs["a0"], Pending(message="a worker that dies now"))
        run = await house.until(jobs["a0"], "Running")
        assert run.labels[labels.ATTEMPT] == 2
        house.let_go("a0")

    play(script, limits(pending_limit_s=0.5))


def test_a_cancel_that_no_worker_hears_is_settled(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, jobs = await house.submit("alice", {"a": "a0 a1"})
        await house.until(jobs["a0"], "Running")
        await cancel(house.client, jobs["a0"])
        await house.until(jobs["a0"], "Cancelled")
        await house.until(jobs["a1"], SKIPPED)

    play(script, limits(cancel_limit_s=0.5))


def test_a_silent_run_is_ended_and_tried_again(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        _, jobs = await house.submit("alice", {"a": "a0"})
        # The pretended worker sends no heartbeats.
        await house.until(jobs["a0"], "Running")

        async def again() -> bool:
            run = await house.client.read_flow_run(UUID(jobs["a0"]))
            return run.labels.get(labels.ATTEMPT) == 2

        await eventually(again, "a second attempt")
        house.let_go("a0")
        await house.until(jobs["a0"], "Completed")

    # Shorter than settings allow: real runs beat every 30 s.
    play(script, limits().model_copy(update={"silent_limit_s": 1.0}))


def test_a_workflow_whose_worker_died_is_started_again(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        workflow, jobs = await house.submit("alice", {"a": "a0"})
        await house.until(jobs["a0"], "Running")
        await force(house.client, workflow, Crashed(message="its worker died"))

        async def restarted() -> bool:
            run = await house.client.read_flow_run(UUID(workflow))
            return run.labels.get(labels.RESTARTS) == 1

        await eventually(restarted, "the workflow is started again")
        house.let_go("a0")
        await house.until(jobs["a0"], "Completed")
        await house.until(workflow, "Completed")

    play(script)


def test_a_workflow_that_keeps_dying_is_given_up(play) -> None:
    async def script(house: House) -> None:
        house.hold("a0")
        workflow, jobs = await house.submit("alice", {"a": "a0 a1"})
        await house.until(jobs["a0"], "Running")
        await house.client.update_flow_run_labels(UUID(workflow), {labels.RESTARTS: MAX_RESTARTS})
        await force(house.client, workflow, Crashed(message="its worker died"))
        await house.until(jobs["a0"], "Cancelling")
        await house.until(jobs["a1"], "Cancelled")
        assert await house.state(workflow) == GIVEN_UP
        house.let_go("a0")

    play(script)


def test_two_dispatchers_started_at_once_are_one(database_url: str) -> None:
    async def main() -> None:
        async with opened() as house:
            house.hold("a0", "b0")
            async with dispatching(database_url, limits(max_workers=1)):
                second = asyncio.create_task(_second(database_url))
                _, jobs = await house.submit("alice", {"a": "a0", "b": "b0"})
                await house.until(jobs["a0"], "Running")
                house.let_go("a0")
                await house.until(jobs["b0"], "Running")
                assert not second.done()
            await second
            house.let_go("b0")
            await house.until(jobs["b0"], "Completed")
            history = await read_history(str(house.client.api_url))
            assert len(history.jobs) == 2
            assert broken_promises(history, Rules(max_workers=1)) == []

    asyncio.run(main())


async def _second(database_url: str) -> None:
    """Wait for the lock, look once, and leave."""
    async with dispatching(database_url, limits(max_workers=1)):
        pass
