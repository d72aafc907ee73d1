"""The writes that a pass makes, each of them safe to be cut off anywhere.

What is about to be done to a run is written onto the run first and names the state that it was
decided on. Whoever takes over finds it there and finishes it; a run that has moved on is left
alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus

from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.events import EventFeed
from deployments.dispatcher.isolation import guarded
from deployments.dispatcher.lock import Lock
from runs import labels
from runs.admission import BY_HAND, has_ended, read_history
from runs.changes import queue_again
from runs.reading import Due, pause_until_s
from runs.records import JobRun
from runs.states import QUEUED

_AT_ONCE = 8


class Admissions:
    """Writes to Prefect in the name of the dispatcher that holds the lock.

    Args:
        client: Prefect's client.
        cache: What is known; kept up to date with what is written.
        feed: Told which runs were changed.
        lock: Looked at before every resume.
    """

    def __init__(self, client: PrefectClient, cache: RunCache, feed: EventFeed, lock: Lock) -> None:
        """With a name of its own, to tell its admissions from an earlier dispatcher's."""
        self._client, self._cache, self._events, self._lock = client, cache, feed, lock
        self._name = uuid4().hex[:12]
        self._adopted: set[str] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    def adopt(self) -> None:
        """Take over what an earlier dispatcher has admitted and not resumed."""
        self._adopted = {run.state_id for run in self._cache.jobs.values() if _is_intended(run)}

    async def admit(self, jobs: Iterable[str]) -> None:
        """Write the admissions down, then let the runs go."""
        await self._all(self._admit(self._cache.jobs[job]) for job in jobs)

    async def settle(self) -> bool:
        """Do what is due to runs before their states mean what they should.

        Returns:
            Whether anything was done, so that runs have to be read again.
        """
        suspects = [run for run in self._cache.jobs.values() if not _is_plain(run)]
        due = [(run, self._cache.meaning(run)[1]) for run in suspects]
        todo = [(run, what) for run, what in due if what is not Due.NOTHING]
        await self._all(self._settle(run, what) for run, what in todo)
        return bool(todo)

    async def _all(self, writes: Iterable[Awaitable[None]]) -> None:
        async def one(write: Awaitable[None]) -> None:
            async with self._room:
                await write

        # All of them end before this pass does: a late one would meet another decision.
        ends = await asyncio.gather(*(one(write) for write in writes), return_exceptions=True)
        for error in ends:
            if isinstance(error, BaseException):
                raise error

    async def _admit(self, run: JobRun) -> None:
        intent: dict[str, bool | int | float | str] = {
            labels.ATTEMPT: run.attempt + 1,
            labels.ADMITTED: run.state_id,
            labels.DISPATCHER: self._name,
        }
        self._events.note(run.id)
        with guarded(run.id):
            await self._client.update_flow_run_labels(UUID(run.id), intent)
            run = replace(run, labels={**run.labels, **intent})
            self._cache.put_job(run)
            await self._resume(run)

    async def _resume(self, run: JobRun) -> None:
        await self._lock.check()
        result = await self._client.resume_flow_run(UUID(run.id))
        if result.status is SetStateStatus.ACCEPT and result.state is not None:
            state = result.state
            self._cache.judge(str(state.id), by_hand=False)
            self._cache.put_job(
                replace(
                    run,
                    type=state.type,
                    state=state.name or "",
                    state_id=str(state.id),
                    since_s=state.timestamp.timestamp(),
                )
            )

    async def _settle(self, run: JobRun, due: Due) -> None:
        self._events.note(run.id)
        with guarded(run.id):
            await self._do(run, due)

    async def _do(self, run: JobRun, due: Due) -> None:
        if due is Due.RESUME:
            await self._finish(run)
        elif due is Due.RETRY:
            await self._retry(run)
        elif due is Due.RETRY_WRITTEN:
            await queue_again(self._client, run, "Tried again by itself.")
        else:
            history = await read_history(self._client, run.id)
            await queue_again(self._client, run, BY_HAND, has_ended(history))

    async def _finish(self, run: JobRun) -> None:
        """Resume what is admitted, unless somebody wrote that who no longer may."""
        ours = run.labels.get(labels.DISPATCHER) == self._name or run.state_id in self._adopted
        if ours:
            await self._resume(run)
        else:
            await self._client.update_flow_run_labels(UUID(run.id), {labels.ADMITTED: ""})

    async def _retry(self, run: JobRun) -> None:
        not_before_s = pause_until_s(run, self._cache.patience)
        intent: dict[str, bool | int | float | str] = {
            labels.RETRIES: run.retries + 1,
            labels.NOT_BEFORE: not_before_s,
            labels.RETRY_OF: run.state_id,
        }
        await self._client.update_flow_run_labels(UUID(run.id), intent)
        pause_s = max(not_before_s - time.time(), 0.0)
        message = f"Tried again by itself, after a pause of {pause_s:.0f} s: {run.message}"
        await queue_again(self._client, run, message[:500])


def _is_plain(run: JobRun) -> bool:
    """Whether nothing can be due to the run; almost all of thousands are like that."""
    if run.type in {StateType.COMPLETED, StateType.CANCELLED}:
        return True
    return run.type is StateType.PAUSED and run.state == QUEUED and run.admitted != run.state_id


def _is_intended(run: JobRun) -> bool:
    return run.type is StateType.PAUSED and run.admitted == run.state_id
