"""Reads watched workflows off Prefect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State

from gateway.live.steps import Step
from gateway.live.topic import Reading
from runs.paging import read_by_ids
from runs.records import JobRun, WorkflowRun, job_run
from runs.views import read_tiles, read_workflow_runs, unknown
from runs.views.making import Tiles, workflow_of, workflow_view


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
        tiles = await read_tiles(self._client, jobs)
        return _reading(_Runs(record, {job.id: job for job in jobs}, tiles))

    async def renew(self, old: Reading, runs: frozenset[str]) -> Reading:
        """The same with some of its runs read again; two requests for up to 199 runs.

        Raises:
            RunUnknown: There is no such workflow any more.
        """
        before = cast(_Runs, old.raw)
        found = await read_by_ids(self._client, {*runs, before.home.id})
        home = next((workflow_of(run) for run in found if str(run.id) == before.home.id), None)
        if home is None:
            raise unknown("workflow", before.home.id)
        jobs = [job for job in map(job_run, found) if job and job.workflow == home.id]
        tiles = await read_tiles(self._client, jobs)
        kept = {job: run for job, run in before.jobs.items() if job not in runs}
        now = kept | {job.id: job for job in jobs}
        return _reading(_Runs(home, now, {**before.tiles, **tiles}))

    async def history(self, run: str) -> Sequence[Step]:
        """All states that a run has taken, in order; one request."""
        return [_step(state) for state in await self._client.read_flow_run_states(UUID(run))]


@dataclass(frozen=True, slots=True)
class _Runs:
    """What a reading is made of."""

    home: WorkflowRun
    jobs: Mapping[str, JobRun]
    tiles: Tiles


def _reading(raw: _Runs) -> Reading:
    view = workflow_view(raw.home, list(raw.jobs.values()), raw.tiles)
    runs: list[JobRun | WorkflowRun] = [raw.home, *(raw.jobs[job.id] for job in view.jobs)]
    return Reading(view, {run.id: _step_of_run(run) for run in runs}, raw)


def _step_of_run(run: JobRun | WorkflowRun) -> Step:
    at = datetime.fromtimestamp(run.since_s, UTC)
    return Step(run.state_id, at, run.state, run.type.value, run.message)


def _step(state: State) -> Step:
    at = state.timestamp
    return Step(str(state.id), at, state.name or "", state.type.value, state.message or "")
