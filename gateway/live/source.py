"""Reads watched workflows off Prefect."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State

from gateway.live.steps import Step
from gateway.live.topic import Reading
from runs.records import JobRun, WorkflowRun
from runs.views import read_tiles, read_workflow_runs, workflow_view


class PrefectSource:
    """Workflows as Prefect holds them.

    Args:
        client: Prefect's client.
    """

    def __init__(self, client: PrefectClient) -> None:
        """Nothing is read yet."""
        self._client = client

    async def read(self, workflow: str) -> Reading:
        """The workflow as it is; two requests for up to 198 jobs.

        Raises:
            RunUnknown: There is none.
        """
        record, jobs = await read_workflow_runs(self._client, workflow)
        view = workflow_view(record, jobs, await read_tiles(self._client, jobs))
        shown = {job.id for job in view.jobs}
        runs: list[JobRun | WorkflowRun] = [record, *(job for job in jobs if job.id in shown)]
        return Reading(view, {run.id: _step_of_run(run) for run in runs})

    async def history(self, run: str) -> Sequence[Step]:
        """All states that a run has taken, in order; one request."""
        return [_step(state) for state in await self._client.read_flow_run_states(UUID(run))]


def _step_of_run(run: JobRun | WorkflowRun) -> Step:
    at = datetime.fromtimestamp(run.since_s, UTC)
    return Step(run.state_id, at, run.state, run.type.value, run.message)


def _step(state: State) -> Step:
    at = state.timestamp
    return Step(str(state.id), at, state.name or "", state.type.value, state.message or "")
