"""Who watches what: each watched workflow is read once for all, and only when it may have changed.

Knows nothing of Prefect and of sockets.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from gateway.live.steps import BEGINNING, Step, chain, since
from gateway.live.topic import Reading, Topic
from gateway.live.watcher import Watcher
from runs.ending import end
from runs.views import RunUnknown

_log = logging.getLogger(__name__)
_PAUSE_S = 1.0
_REST = 20.0
"""Between two reads of a whole workflow lies so many times as long as one takes."""
_ENDED_REST = 12.0
"""What has ended is looked at so many times less often: it changes only when somebody retries."""


class Source(Protocol):
    """Where workflows are read."""

    async def read(self, workflow: str) -> Reading:
        """The workflow as it is.

        Raises:
            RunUnknown: There is none.
        """
        ...

    async def renew(self, old: Reading, runs: frozenset[str]) -> Reading:
        """The same with some of its runs read again; what is not there any more is left out.

        Raises:
            RunUnknown: There is no such workflow any more.
        """
        ...

    async def history(self, run: str) -> Sequence[Step]:
        """All states that a run has taken, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are read.

    Attributes:
        interval_s: A workflow is read once in so long, at most.
        recheck_s: It is read again after so long, whatever was heard.
        spread_s: So long lies between two such reads, of whatever workflow, on average.
        at_once: Reads at the same time.
    """

    interval_s: float = 0.25
    recheck_s: float = 5.0
    spread_s: float = 0.2
    at_once: int = 4


class Hub:
    """All that is watched.

    Args:
        source: Where workflows are read.
        pace: How often.
    """

    def __init__(self, source: Source, pace: Pace) -> None:
        """Nothing is watched yet."""
        self._source, self._pace = source, pace
        self._topics: dict[str, Topic] = {}
        self._users: dict[Topic, int] = {}
        self._tasks: dict[Topic, asyncio.Task[None]] = {}
        self._reads = asyncio.Semaphore(pace.at_once)

    @asynccontextmanager
    async def topic(self, workflow: str) -> AsyncIterator[Topic]:
        """A workflow while somebody is interested in it; read once for all who come together.

        Raises:
            RunUnknown: There is none.
        """
        topic = self._topics.get(workflow) or self._begin(workflow)
        self._users[topic] += 1
        try:
            await asyncio.shield(topic.opened)
            yield topic
        finally:
            self._users[topic] -= 1
            if not self._users[topic]:
                await self._forget(topic)

    @asynccontextmanager
    async def watching(self, topic: Topic, job: str | None, room: int) -> AsyncIterator[Watcher]:
        """Be told while the block runs.

        Args:
            topic: The workflow.
            job: Only this job of it.
            room: Messages that may wait.
        """
        watcher = Watcher(job, room, lambda left_out: topic.snapshot(job, left_out))
        topic.join(watcher)
        try:
            yield watcher
        finally:
            topic.leave(watcher)

    def home_of(self, job: str) -> str | None:
        """The workflow of a job, where it is watched."""
        return next((topic.id for topic in self._topics.values() if topic.job(job)), None)

    def hear(self, workflow: str, run: str, step: Step | None = None) -> None:
        """A run of a workflow has changed.

        Args:
            workflow: The workflow's id.
            run: Id of the run: a job's, or the workflow's own.
            step: Its new state; None: something else.
        """
        if topic := self._topics.get(workflow):
            topic.hear(run, step)

    def miss(self) -> None:
        """Something may not have been heard: everything that is watched is read again."""
        for topic in self._topics.values():
            topic.mark()

    def _begin(self, workflow: str) -> Topic:
        topic = self._topics[workflow] = Topic(workflow)
        self._users[topic] = 0
        self._tasks[topic] = asyncio.create_task(self._live(topic))
        return topic

    async def _forget(self, topic: Topic) -> None:
        del self._users[topic]
        if self._topics.get(topic.id) is topic:
            del self._topics[topic.id]
        await end(self._tasks.pop(topic))

    async def _live(self, topic: Topic) -> None:
        """Follow a workflow until it is forgotten, or deleted."""
        try:
            await self._renew(topic)
        except Exception as error:  # noqa: BLE001 - those who wait for it are told
            topic.fail(error)
            return
        with contextlib.suppress(RunUnknown):
            while True:
                await self._until_due(topic)
                await self._renew_or_pause(topic)
        # Whoever comes now finds out anew.
        if self._topics.get(topic.id) is topic:
            del self._topics[topic.id]
        topic.remove()

    async def _until_due(self, topic: Topic) -> None:
        """Until it may have changed, or has not been read as a whole for long."""
        shared = self._pace.spread_s * len(self._topics)
        rest_s = max(self._pace.recheck_s, shared, _REST * topic.took_s)
        rest_s *= _ENDED_REST if topic.view.ended else 1.0
        try:
            await asyncio.wait_for(topic.dirty.wait(), topic.read_s + rest_s - time.monotonic())
        except TimeoutError:
            topic.mark()

    async def _renew_or_pause(self, topic: Topic) -> None:
        try:
            await self._renew(topic)
        except RunUnknown:
            raise
        except Exception as error:  # noqa: BLE001 - it will be read again
            _log.warning("a watched workflow could not be read: %r", error)
            topic.mark()
            await asyncio.sleep(_PAUSE_S)
        else:
            await asyncio.sleep(self._pace.interval_s)

    async def _renew(self, topic: Topic) -> None:
        """Read it, or what has changed of it, and tell what is new."""
        async with self._reads:
            runs = topic.take_marks()
            reading = await self._read(topic, runs)
            steps = {run: await self._steps(topic, run, now) for run, now in reading.now.items()}
        topic.take(reading, steps)

    async def _read(self, topic: Topic, runs: frozenset[str]) -> Reading:
        if runs and topic.is_open:
            return await self._source.renew(topic.reading, runs)
        begun = time.monotonic()
        reading = await self._source.read(topic.id)
        topic.read_s = time.monotonic()
        topic.took_s = topic.read_s - begun
        return reading

    async def _steps(self, topic: Topic, run: str, now: Step) -> Sequence[Step]:
        """The states that a run has taken since they were told."""
        told = topic.told(run)
        if not topic.is_open or (told and told.id == now.id):
            return ()
        after = told.id if told else BEGINNING
        heard = chain(topic.heard(run), after, now.id)
        return heard if heard is not None else since(await self._source.history(run), after, now)
