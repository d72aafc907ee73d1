"""Workflows' runs: resumed when their jobs have ended, opened again, restarted, cancelled."""

import time
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType

from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.events import EventFeed
from deployments.dispatcher.isolation import guarded
from deployments.dispatcher.reader import Reader
from runs import labels
from runs.changes import cancel, force
from runs.reading import ENDED
from runs.records import JobRun, WorkflowRun
from runs.states import AWAITING, again, awaiting, given_up, queued
from slideloom.scheduling.followers import returning

MAX_RESTARTS = 3
_AT_A_TIME = 32
"""Jobs of one kind of care in one pass: the next admissions must not wait for thousands."""


class WorkflowRuns:
    """Looks after the workflows' own runs.

    Args:
        client: Prefect's client.
        cache: What is known.
        feed: Told which runs were changed.
        reader: Reads a workflow whose jobs do not add up.
    """

    def __init__(
        self, client: PrefectClient, cache: RunCache, feed: EventFeed, reader: Reader
    ) -> None:
        """Nothing done yet."""
        self._client, self._cache, self._events, self._reader = client, cache, feed, reader
        self._resumed: set[str] = set()

    async def tend(self) -> None:
        """Do what each workflow's run needs."""
        for run in list(self._cache.workflows.values()):
            with guarded(run.id):
                await self._tend(run)
        self._resumed &= {run.state_id for run in self._cache.workflows.values()}

    async def bring_back(self) -> None:
        """Queue skipped jobs again when what they were skipped for is being tried again."""
        skipped = (
            job
            for workflow in list(self._cache.workflows)
            for job in returning(self._cache.view(workflow).branches)
        )
        for job in islice(skipped, _AT_A_TIME):
            self._events.note(job.id)
            with guarded(job.id):
                await self._client.update_flow_run_labels(
                    UUID(job.id), {labels.NOT_BEFORE: time.time()}
                )
                await force(self._client, job.id, queued("What it waits for is tried again."))

    async def _tend(self, run: WorkflowRun) -> None:
        if self._cache.is_cancelled(run.id):
            await self._cancel_jobs(run)
        elif run.type is StateType.CRASHED or self._is_half_made(run):
            await self._restart(run)
        elif run.type in ENDED:
            await self._reopen(run)
        elif run.state == AWAITING and run.state_id not in self._resumed:
            await self._resume(run)

    async def _cancel_jobs(self, run: WorkflowRun) -> None:
        todo = [job for job in self._open_jobs(run) if job.type is not StateType.CANCELLING]
        for job in todo[:_AT_A_TIME]:
            self._events.note(job.id)
            with guarded(job.id):
                await cancel(self._client, job.id)

    def _open_jobs(self, run: WorkflowRun) -> Iterator[JobRun]:
        return (job for job in self._cache.jobs_of(run.id) if job.type not in ENDED)

    def _is_half_made(self, run: WorkflowRun) -> bool:
        some = any(True for _ in self._open_jobs(run))
        return run.type is StateType.FAILED and some and not self._cache.is_complete(run.id)

    async def _restart(self, run: WorkflowRun) -> None:
        self._events.note(run.id)
        if run.restarts >= MAX_RESTARTS:
            await self._give_up(run)
            return
        await self._client.update_flow_run_labels(UUID(run.id), {labels.RESTARTS: run.restarts + 1})
        await force(self._client, run.id, again("Its worker died; it goes on where it stopped."))

    async def _give_up(self, run: WorkflowRun) -> None:
        """Cancelled, as its jobs are now going to be."""
        said = f"Its worker died {MAX_RESTARTS + 1} times: look at the worker's log. {run.message}"
        await force(self._client, run.id, given_up(said[:500]))

    async def _reopen(self, run: WorkflowRun) -> None:
        if self._cache.is_complete(run.id) and any(True for _ in self._open_jobs(run)):
            self._events.note(run.id)
            await force(self._client, run.id, awaiting("A job is tried again."))

    async def _resume(self, run: WorkflowRun) -> None:
        """Let it close, or make the jobs that are missing."""
        if not self._cache.is_complete(run.id):
            await self._reader.load(run.id)
        complete = self._cache.is_complete(run.id)
        if complete and self._cache.view(run.id).outcome() is None:
            return
        self._events.note(run.id)
        await self._client.resume_flow_run(UUID(run.id))
        self._resumed.add(run.state_id)
