"""The dispatcher's loop: hear what has changed, decide, write it down, let the jobs go."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from deployments.dispatcher.admissions import Admissions
from deployments.dispatcher.background import BackgroundWrites
from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.events import EventFeed, listening
from deployments.dispatcher.isolation import guarded
from deployments.dispatcher.lock import Lock, LockLost
from deployments.dispatcher.places import PlacesRecord
from deployments.dispatcher.progress import WorkflowProgress
from deployments.dispatcher.reader import Reader
from deployments.dispatcher.sweep import Sweep
from deployments.dispatcher.workflows import WorkflowRuns
from runs.changes import end_stranger
from runs.ending import end
from runs.reading import Patience
from runs.reaper import Bounds
from slideloom.scheduling.decide import decide
from slideloom.scheduling.state import Decision, Limits
from slideloom.settings import Settings

_log = logging.getLogger(__name__)

TICK_S = 2.0
"""It looks again after so long, whatever it has heard."""
COMPARE_S = 30.0
"""So often everything is compared with the server: events may be lost."""
_PAUSE_S = 1.0


class Dispatcher:
    """One dispatcher, from the moment in which it holds the lock.

    Args:
        client: Prefect's client.
        lock: Held.
        stated: Limits and bounds.
    """

    def __init__(self, client: PrefectClient, lock: Lock, stated: Settings) -> None:
        """Nothing known yet."""
        self._client, self._lock = client, lock
        self._limits = Limits(stated.max_workers, stated.max_active_users, stated.rotate_after_s)
        self._events = EventFeed()
        self._gap = asyncio.Event()
        self._cache = RunCache(Patience(stated.job_retries, stated.retry_delay_s))
        self._reader = Reader(client, self._cache)
        self._places = PlacesRecord(client)
        self._admissions = Admissions(client, self._cache, self._events, lock)
        self._workflow_runs = WorkflowRuns(client, self._cache, self._events, self._reader)
        self._background = BackgroundWrites(client, self._cache, self._events)
        self._progress = WorkflowProgress(client, self._cache)
        self._sweep = Sweep(client, self._cache, self._events, Bounds.stated(stated))
        self._nap_s = TICK_S

    async def run(self, ready: Callable[[], None]) -> None:
        """Dispatch until the lock is lost.

        Args:
            ready: Called once everything is read and the first pass is done.

        Raises:
            LockLost: Somebody else may be at work.
        """
        async with (
            listening(self._events, self._gap),
            self._background.at_work(),
            self._progress.at_work(),
        ):
            comparing = asyncio.create_task(self._compare())
            try:
                await self._start()
                ready()
                while True:
                    await self._events.sleep(self._nap_s)
                    await self._pass_or_pause()
            finally:
                await end(comparing)

    async def _start(self) -> None:
        await self._reader.prepare()
        await self._places.load()
        await self._reader.rebuild()
        self._admissions.adopt()
        await self._pass_or_pause()

    async def _pass_or_pause(self) -> None:
        changed = self._events.take()
        try:
            await self._one_pass(changed)
        except LockLost:
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # Whatever it is, the others' jobs must go on; each pass begins from what is there.
            self._events.note(*changed)
            _log.warning("this pass was cut off and will be made again: %r", error)
            _log.debug("where it was cut off", exc_info=error)
            await asyncio.sleep(_PAUSE_S)

    async def _one_pass(self, changed: set[str]) -> None:
        """Read what has changed, put in order what is due, decide, and carry it out."""
        await self._lock.check()
        await self._refresh(changed)
        await self._put_in_order()
        decision = decide(self._cache.policy_view(), self._places.places, self._limits, time.time())
        await self._places.save(decision.places)
        await self._admissions.admit(decision.admit)
        self._background.plan(decision)
        self._progress.plan()
        await self._workflow_runs.tend()
        await self._sweep.sweep()
        self._cache.close()
        self._nap_s = _nap(decision)

    async def _put_in_order(self) -> None:
        await self._end_strangers()
        await self._reader.judge()
        await self._workflow_runs.bring_back()
        if await self._admissions.settle():
            await self._refresh(self._events.take())
            await self._reader.judge()

    async def _refresh(self, changed: set[str]) -> None:
        try:
            await self._reader.refresh(changed)
        except BaseException:
            self._events.note(*changed)
            raise

    async def _end_strangers(self) -> None:
        while self._reader.strangers:
            run_id = self._reader.strangers.pop()
            self._events.note(run_id)
            with guarded(run_id):
                await end_stranger(self._client, run_id)

    async def _compare(self) -> None:
        """Compare the cache with the server from time to time, and after every gap in hearing."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gap.wait(), COMPARE_S)
            self._gap.clear()
            try:
                await self._reader.prepare()
                self._events.note(*await self._reader.stale())
            except Exception as error:  # noqa: BLE001 - it must not end in silence
                _log.warning("comparing with the server failed: %r", error)


def _nap(decision: Decision) -> float:
    if decision.wake_s is None:
        return TICK_S
    return min(max(decision.wake_s - time.time(), 0.01), TICK_S)


async def dispatch(lock: Lock, stated: Settings, ready: Callable[[], None]) -> None:
    """Take the lock and dispatch; when the lock is lost, begin again.

    Raises:
        NotRegistered: The server is not set up for slideloom.
    """
    while True:
        try:
            await lock.acquire()
            with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: lock.request_retries}):
                async with get_client() as client:
                    await Dispatcher(client, lock, stated).run(ready)
        except LockLost as error:
            _log.warning("%s; it begins again", error)
        except (httpx.HTTPError, PrefectException, OSError) as error:
            _log.warning("the server cannot be reached; it begins again: %r", error)
            await asyncio.sleep(_PAUSE_S)
        finally:
            await lock.release()
