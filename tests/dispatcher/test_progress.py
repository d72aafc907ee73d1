"""How much of a workflow has ended shows on its run while the run itself sleeps."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact
from prefect.states import Failed

from runs.share import show_share
from tests.dispatcher.house import House, dispatching, eventually, limits, opened


async def _shown(house: House, workflow: str) -> list[Artifact]:
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(workflow)]))
    return await house.client.read_artifacts(artifact_filter=wanted)


async def _until_shown(house: House, workflow: str, percent: float) -> Artifact:
    async def there() -> bool:
        return [artifact.data for artifact in await _shown(house, workflow)] == [percent]

    await eventually(there, f"{percent} % on {workflow}")
    (artifact,) = await _shown(house, workflow)
    return artifact


def test_progress_moves_as_jobs_end_in_one_artifact(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        house.hold("a0", "a1", "b0")
        house.ends["a1"] = [Failed(message="no")]
        workflow, _ = await house.submit("alice", {"a": "a0 a1 a2", "b": "b0"})
        first = await _until_shown(house, workflow, 0.0)
        house.let_go("a0")
        await _until_shown(house, workflow, 25.0)
        house.let_go("a1")  # it fails, and the job after it is skipped
        await _until_shown(house, workflow, 75.0)
        house.let_go("b0")
        last = await _until_shown(house, workflow, 100.0)
        assert last.id == first.id
        assert (last.key, last.type) == ("jobs-ended", "progress")
        assert last.description == "4 of 4 jobs ended"
        await house.until(workflow, "Completed")

    play(script, limits(job_retries=0))


def test_what_the_workflows_run_has_shown_is_taken_up(play: Callable[..., None]) -> None:
    async def script(house: House) -> None:
        house.hold("a0", "a1")
        workflow, jobs = await house.submit("alice", {"a": "a0 a1"})
        first = await _until_shown(house, workflow, 0.0)
        await show_share(house.client, UUID(workflow), 0, 2)
        assert (await _shown(house, workflow))[0].updated == first.updated
        await house.client.delete_artifact(first.id)
        await show_share(house.client, UUID(workflow), 0, 2)
        again = await _until_shown(house, workflow, 0.0)
        house.let_go("a0")
        await house.until(jobs["a1"], "Running")
        assert (await _until_shown(house, workflow, 50.0)).id == again.id != first.id
        house.let_go("a1")

    play(script)


def test_a_restarted_dispatcher_shows_what_it_missed_and_nothing_else(database_url: str) -> None:
    async def main() -> None:
        async with opened() as house:
            house.hold("a0", "a1", "b0", "b1")
            async with dispatching(database_url, limits()):
                quiet, _ = await house.submit("alice", {"a": "a0 a1"})
                moved, jobs = await house.submit("bob", {"b": "b0 b1"})
                before = await _until_shown(house, quiet, 0.0)
                await _until_shown(house, moved, 0.0)
                await house.until(jobs["b0"], "Running")
            house.let_go("b0")
            await house.until(jobs["b0"], "Completed")
            async with dispatching(database_url, limits()):
                await _until_shown(house, moved, 50.0)
                # One write after the other, and this one comes first: it was looked at by now.
                later, _ = await house.submit("carol", {"c": "c0"})
                await _until_shown(house, later, 100.0)
                (after,) = await _shown(house, quiet)
                assert after.updated == before.updated
                house.let_go("a0", "a1", "b1")

    asyncio.run(main())
