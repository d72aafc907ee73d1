"""The dispatcher's own sweep: ends or queues runs that nobody will end, by its own clock."""

import time

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType

from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.events import EventFeed
from deployments.dispatcher.isolation import guarded
from runs.changes import force_from
from runs.reaper import Bounds, Overdue, overdue, remedy
from runs.records import JobRun, WorkflowRun

_WATCHED = {StateType.PENDING, StateType.RUNNING, StateType.CANCELLING}


class Sweep:
    """Measures how long runs have been quiet since it first saw them so.

    By the clock of this process alone: other machines' clocks may be off. After a restart all runs
    are given their full time again.

    Args:
        client: Prefect's client.
        cache: What is known.
        feed: Signs of life.
        bounds: How long to wait.
    """

    def __init__(
        self, client: PrefectClient, cache: RunCache, feed: EventFeed, bounds: Bounds
    ) -> None:
        """Nothing seen yet."""
        self._client, self._cache, self._events, self._bounds = client, cache, feed, bounds
        self._seen_s: dict[str, float] = {}

    async def sweep(self) -> None:
        """Put overdue runs in order."""
        now_s = time.monotonic()
        watched = self._watched()
        self._seen_s = {run.state_id: self._seen_s.get(run.state_id, now_s) for run in watched}
        for run in watched:
            if verdict := overdue(run.type, now_s - self._last_sign_s(run), self._bounds):
                await self._end(run, verdict)
        self._events.forget_silent(2 * self._bounds.silent_s)

    def _last_sign_s(self, run: JobRun | WorkflowRun) -> float:
        """When it was last heard of; what runs is not called silent while nobody can hear it."""
        heard_s = max(self._seen_s[run.state_id], self._events.beats_s.get(run.id, 0.0))
        return max(heard_s, self._events.since_s) if run.type is StateType.RUNNING else heard_s

    async def _end(self, run: JobRun | WorkflowRun, verdict: Overdue) -> None:
        """Put it in order, unless it has changed since it was read."""
        self._events.note(run.id)
        with guarded(run.id):
            state = remedy(verdict, isinstance(run, JobRun))
            await force_from(self._client, run.id, run.state_id, state)

    def _watched(self) -> list[JobRun | WorkflowRun]:
        runs: list[JobRun | WorkflowRun] = [
            *self._cache.jobs.values(),
            *self._cache.workflows.values(),
        ]
        return [run for run in runs if run.type in _WATCHED]
