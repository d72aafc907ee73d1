"""Writes that nobody waits for: skipping jobs, and saying why the others wait.

With ten thousand jobs queued these are ten thousand writes; admissions must not queue behind them.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient

from deployments.dispatcher.book import Book
from deployments.dispatcher.listen import Ear
from runs.names import WAITING
from runs.records import JobRun
from runs.states import QUEUED, skipped
from slideloom.scheduling.state import Reason

_log = logging.getLogger(__name__)
_HANDS = 4
"""Writes at the same time."""
_PAUSE_S = 1.0
_SKIP = "An earlier job of its branch, or a branch that it needs, did not succeed."


class Chores:
    """What is still to be written; the last word on a run counts.

    Args:
        client: Prefect's client.
        book: What is known.
        ear: Told which runs were changed.
    """

    def __init__(self, client: PrefectClient, book: Book, ear: Ear) -> None:
        """Nothing to do yet."""
        self._client, self._book, self._ear = client, book, ear
        self._skips: dict[str, None] = {}
        self._reasons: dict[str, str] = {}
        self._work = asyncio.Event()

    def plan(self, skips: Iterable[str], reasons: Mapping[str, Reason]) -> None:
        """Take the decision's word for what is to be skipped, and why the rest waits."""
        self._skips = dict.fromkeys(skips)
        self._reasons = {
            job: f"{WAITING}{reason}"
            for job, reason in reasons.items()
            if f"{WAITING}{reason}" not in self._book.jobs[job].tags
        }
        if self._skips or self._reasons:
            self._work.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Do chores while the block runs."""
        hands = [asyncio.create_task(self._forever()) for _ in range(_HANDS)]
        try:
            yield
        finally:
            for hand in hands:
                hand.cancel()
            for hand in hands:
                with contextlib.suppress(asyncio.CancelledError):
                    await hand

    async def _forever(self) -> None:
        while True:
            if not self._skips and not self._reasons:
                self._work.clear()
                await self._work.wait()
                continue
            try:
                await self._next()
            except (httpx.HTTPError, OSError) as error:
                _log.warning("a chore failed and will be tried again: %r", error)
                await asyncio.sleep(_PAUSE_S)

    async def _next(self) -> None:
        if self._skips:
            job = next(iter(self._skips))
            del self._skips[job]
            await self._skip(self._book.jobs.get(job))
        elif self._reasons:
            job, tag = self._reasons.popitem()
            await self._say(self._book.jobs.get(job), tag)

    async def _skip(self, run: JobRun | None) -> None:
        if run is not None and run.state == QUEUED:
            await self._client.set_flow_run_state(UUID(run.id), skipped(_SKIP))
            self._ear.note(run.id)

    async def _say(self, run: JobRun | None, tag: str) -> None:
        if run is not None and run.state == QUEUED:
            await tell(self._client, run, tag)
            self._ear.note(run.id)


async def tell(client: PrefectClient, run: JobRun, tag: str | None) -> None:
    """Put a reason for waiting onto a run, instead of the one that was there."""
    others = {found for found in run.tags if not found.startswith(WAITING)}
    await client.update_flow_run(UUID(run.id), tags=sorted(others | ({tag} if tag else set())))
