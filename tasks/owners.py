"""A shard's side of its job: whether that still lives and wants the shard.

The job renews its progress artifact every few seconds, for people to look at, and as a sign of
life: Prefect's heartbeats are 30 s apart and are missed after 90 s, and the place that the job
holds for its shard on the GPU pool may be given to another by then.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from runs.progress import TILES
from runs.records import JobRun, job_run

_log = logging.getLogger(__name__)

ENGINE = "slideloom.engine"
"""Label of a shard's run: facts about the engine, as JSON."""
LOOK_S = 2.0
SILENCE_S = 25.0
"""A job that has given no sign of life for so long is taken for dead, within half of the minute
that its lease lasts; an attempt that follows within that time takes its shards over."""

_OVER = {StateType.CANCELLED, StateType.CANCELLING, StateType.COMPLETED}


class Want(Enum):
    """Whether a job wants its shards."""

    YES = auto()
    """It is at work."""
    PERHAPS = auto()
    """It is between two attempts: the next one may take its shards over."""
    NO = auto()
    """It is over, cancelled or gone, or never was."""


async def want(client: PrefectClient, job: UUID) -> tuple[JobRun | None, Want]:
    """The job's run, and whether it wants its shards, by its state."""
    try:
        run = job_run(await client.read_flow_run(job))
    except ObjectNotFound:
        run = None
    if run is None or run.type in _OVER:
        return run, Want.NO
    return run, Want.YES if run.type is StateType.RUNNING else Want.PERHAPS


@dataclass(slots=True)
class Watched:
    """What a shard has seen of its job; times are this process's own, as clocks differ.

    Attributes:
        renewed: When the job's progress was renewed last, by the server's clock.
        heard_s: When that was noticed, on the monotonic clock.
    """

    renewed: datetime | None
    heard_s: float

    def hear(self, renewed: datetime | None, now_s: float) -> None:
        """Take note of when the job's progress was renewed."""
        if renewed != self.renewed:
            self.renewed, self.heard_s = renewed, now_s

    def is_silent(self, now_s: float) -> bool:
        """Whether the job has to be taken for dead."""
        return now_s - self.heard_s > SILENCE_S


async def _renewed(client: PrefectClient, job: UUID) -> datetime | None:
    """When the job's newest progress artifact was renewed."""
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[job]), key=ArtifactFilterKey(any_=[TILES])
    )
    found = await client.read_artifacts(
        artifact_filter=wanted, sort=ArtifactSort.UPDATED_DESC, limit=1
    )
    return found[0].updated if found else None


@asynccontextmanager
async def while_wanted(job: UUID, stop: Callable[[], None]) -> AsyncIterator[None]:
    """Look every few seconds whether the shard is still wanted; call `stop` once it is not."""
    looking = asyncio.create_task(_look(job, stop))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _look(job: UUID, stop: Callable[[], None]) -> None:
    # Not Prefect's own pauses, which grow to half a minute: what they take would count as silence.
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        async with get_client() as client:
            await _look_with(client, job, stop)


async def _look_with(client: PrefectClient, job: UUID, stop: Callable[[], None]) -> None:
    watched = Watched(None, time.monotonic())
    while True:
        began_s = time.monotonic()
        await asyncio.sleep(LOOK_S)
        try:
            _, wanted = await want(client, job)
            watched.hear(await _renewed(client, job), time.monotonic())
        except (httpx.HTTPError, PrefectException) as error:
            # While the server is away nothing is known: that time does not count.
            _log.info("the job of this shard cannot be looked at: %r", error)
            watched.heard_s += time.monotonic() - began_s
            continue
        if wanted is Want.NO or watched.is_silent(time.monotonic()):
            stop()
            return
