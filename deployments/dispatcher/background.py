"""Writes that nobody waits for: skipping jobs, and saying why the others wait.

With ten thousand jobs queued these are ten thousand writes; admissions must not queue behind them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.events import EventFeed
from deployments.dispatcher.tasks import forever, until_any
from runs.ending import end
from runs.names import WAITING
from runs.records import JobRun
from runs.states import QUEUED, skipped
from slideloom.scheduling.state import Decision

_AT_ONCE = 3
"""Skips at the same time."""
_REASON_PAUSE_S = 0.04
"""Between two reasons: they must leave the server to admissions."""
_SKIP = "An earlier job of its branch, or a branch that it needs, did not succeed."


class BackgroundWrites:
    """What is still to be written; the last word on a run counts.

    Args:
        client: Prefect's client.
        cache: What is known.
        feed: Told which runs were changed.
    """

    def __init__(self, client: PrefectClient, cache: RunCache, feed: EventFeed) -> None:
        """Nothing to do yet."""
        self._client, self._cache, self._events = client, cache, feed
        self._skips: dict[str, None] = {}
        self._reasons: dict[str, str | None] = {}
        self._skip_work, self._say_work = asyncio.Event(), asyncio.Event()

    def plan(self, decision: Decision) -> None:
        """Take the decision's word for what is to be skipped, and why the rest waits."""
        self._skips.clear()
        self._skips.update(dict.fromkeys(decision.skip))
        said: dict[str, str | None] = {
            job: f"{WAITING}{reason}"
            for job, reason in decision.reasons.items()
            if f"{WAITING}{reason}" not in self._cache.jobs[job].tags
        }
        silent: dict[str, str | None] = {
            job: None for job in self._cache.jobs if self._has_a_stale_reason(job)
        }
        self._reasons.clear()
        self._reasons.update(silent | said)
        if self._skips:
            self._skip_work.set()
        if self._reasons:
            self._say_work.set()

    def _has_a_stale_reason(self, job: str) -> bool:
        run = self._cache.jobs[job]
        return run.state != QUEUED and any(tag.startswith(WAITING) for tag in run.tags)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Write while the block runs."""
        writers = [asyncio.create_task(forever(self._skip_next)) for _ in range(_AT_ONCE)]
        writers.append(asyncio.create_task(forever(self._say_next)))
        try:
            yield
        finally:
            await end(*writers)

    async def _skip_next(self) -> None:
        await until_any(self._skips, self._skip_work)
        job = next(iter(self._skips))
        del self._skips[job]
        run = self._cache.jobs.get(job)
        if run is not None and run.state == QUEUED:
            await self._client.set_flow_run_state(UUID(run.id), skipped(_SKIP))
            self._events.note(run.id)

    async def _say_next(self) -> None:
        await until_any(self._reasons, self._say_work)
        job = next(iter(self._reasons))
        tag = self._reasons.pop(job)
        run = self._cache.jobs.get(job)
        if run is not None and (tag is None or run.state == QUEUED):
            await self._tell(run, tag)
            await asyncio.sleep(_REASON_PAUSE_S)

    async def _tell(self, run: JobRun, tag: str | None) -> None:
        """Put a reason for waiting onto a run, or none, instead of the one that was there."""
        others = frozenset(found for found in run.tags if not found.startswith(WAITING))
        tags = others | ({tag} if tag else set())
        await self._client.update_flow_run(UUID(run.id), tags=sorted(tags))
        self._cache.retag(run.id, tags)
