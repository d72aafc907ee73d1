"""Reads runs into the cache: those that have changed, and from time to time all."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType

from deployments.dispatcher.cache import RunCache
from runs.admission import is_admitted, read_history
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW, workflow_tag
from runs.paging import deployment_ids, read_all, read_by_ids
from runs.reading import ENDED
from runs.records import JobRun, WorkflowRun, job_run, workflow_run

_TAGS = 40
"""Workflows whose jobs are asked for at a time."""

_ACTIVE = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.CANCELLING,
]


class Reader:
    """Keeps the cache up to date.

    Args:
        client: Prefect's client.
        cache: What is known.
    """

    def __init__(self, client: PrefectClient, cache: RunCache) -> None:
        """Nothing read yet."""
        self._client = client
        self._cache = cache
        self._jobs: list[UUID] = []
        self._workflow = UUID(int=0)
        self.strangers: set[str] = set()

    async def prepare(self) -> None:
        """Look up the deployments.

        Raises:
            NotRegistered: The server is not set up.
        """
        ids = await deployment_ids(self._client)
        self._jobs = [ids[name] for name in JOB_DEPLOYMENTS.values()]
        self._workflow = ids[RUN_WORKFLOW]

    async def rebuild(self) -> None:
        """Read every workflow that is not over, those with active jobs first.

        Jobs are asked for by workflow and not by state: paging over rows that change their state
        meanwhile would miss some.
        """
        self._take(await read_all(self._client, self._of(self._jobs, _ACTIVE)))
        workflows = [*_ACTIVE, StateType.PAUSED, StateType.CRASHED]
        self._take(await read_all(self._client, self._of([self._workflow], workflows)))
        wanted = {job.workflow for job in self._cache.jobs.values()}
        await self._complete(wanted | set(self._cache.workflows))

    async def stale(self) -> set[str]:
        """Runs that are not as the cache has them: an event was lost, or never sent."""
        everything = self._of([*self._jobs, self._workflow], [*_ACTIVE, StateType.PAUSED])
        runs = await read_all(self._client, everything)
        now = {str(run.id): str(run.state.id) for run in runs if run.state is not None}
        known: list[JobRun | WorkflowRun] = [*self._cache.jobs.values()]
        known += self._cache.workflows.values()
        cache = {run.id: run.state_id for run in known if run.type not in ENDED}
        return {
            run_id for run_id in now.keys() | cache.keys() if now.get(run_id) != cache.get(run_id)
        }

    async def refresh(self, run_ids: Iterable[str]) -> None:
        """Read some runs again, and all of the workflows that come into view with them."""
        wanted = set(run_ids)
        runs = await read_by_ids(self._client, wanted)
        for run_id in wanted - {str(run.id) for run in runs}:
            if run_id in self._cache.workflows:
                self._cache.put_workflow(_deleted(run_id))
            else:
                self._cache.forget_job(run_id)
        self._take(runs)
        unknown = {job.workflow for job in self._cache.jobs.values()} - set(self._cache.workflows)
        if unknown:
            await self._complete(unknown)

    async def load(self, workflow: str) -> None:
        """Read all jobs of a workflow."""
        await self._complete({workflow})

    async def judge(self) -> None:
        """Find out which runs reached a worker's queue past the dispatcher."""
        runs = self._cache.unjudged()
        histories = await asyncio.gather(*(read_history(self._client, run.id) for run in runs))
        for run, history in zip(runs, histories, strict=True):
            self._cache.judge(run.state_id, not is_admitted(run.admitted, history))

    async def _complete(self, workflows: Iterable[str]) -> None:
        """Read workflows' runs and all their jobs."""
        ids = sorted(workflows)
        for start in range(0, len(ids), _TAGS):
            part = ids[start : start + _TAGS]
            found = [workflow_run(run) for run in await read_by_ids(self._client, part)]
            for run in found:
                if run is not None:
                    self._cache.put_workflow(run)
            for gone in set(part) - {run.id for run in found if run is not None}:
                self._cache.put_workflow(_deleted(gone))
            self._take(await self._jobs_of(part))

    def _of(self, deployments: Sequence[UUID], types: Sequence[StateType]) -> FlowRunFilter:
        return FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=list(deployments)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
        )

    async def _jobs_of(self, workflows: Sequence[str]) -> list[FlowRun]:
        tags = [workflow_tag(workflow) for workflow in workflows]
        return await read_all(
            self._client,
            FlowRunFilter(
                deployment_id=FlowRunFilterDeploymentId(any_=self._jobs),
                tags=FlowRunFilterTags(any_=tags),
            ),
        )

    def _take(self, runs: Iterable[FlowRun]) -> None:
        for run in runs:
            if run.deployment_id == self._workflow:
                self._take_workflow(workflow_run(run))
            elif run.deployment_id in self._jobs:
                self._take_job(run, job_run(run))

    def _take_workflow(self, run: WorkflowRun | None) -> None:
        if run is None:
            return
        over = run.type in ENDED and run.type is not StateType.CRASHED
        if run.id in self._cache.workflows or not over:
            self._cache.put_workflow(run)

    def _take_job(self, run: FlowRun, job: JobRun | None) -> None:
        if job is None:
            if run.state is not None and run.state.type is StateType.SCHEDULED:
                self.strangers.add(str(run.id))
            return
        if job.workflow in self._cache.workflows or job.type not in ENDED:
            self._cache.put_job(job)


def _deleted(workflow: str) -> WorkflowRun:
    """Stands for a workflow whose run was deleted: its jobs are cancelled."""
    return WorkflowRun(
        id=workflow,
        name="deleted",
        type=StateType.CANCELLED,
        state="Deleted",
        state_id="",
        since_s=0.0,
        message="",
        created_s=datetime.now().timestamp(),
        spec=None,
        labels={},
    )
