"""A shard's side: whose it is, and whether that job still wants it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from runs.records import job_run

ENGINE = "slideloom.engine"
"""Label of a shard's run: facts about the engine, as JSON."""
LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class Owner:
    """The attempt at a job that a shard belongs to.

    Attributes:
        job: Id of the job's run.
        admitted: Its label `slideloom.admitted`.
    """

    job: str
    admitted: str


async def is_wanted(client: PrefectClient, owner: Owner) -> bool:
    """Whether that attempt is still at work."""
    try:
        run = job_run(await client.read_flow_run(UUID(owner.job)))
    except (ObjectNotFound, ValueError):
        return False
    return run is not None and run.type is StateType.RUNNING and run.admitted == owner.admitted


@asynccontextmanager
async def while_wanted(owner: Owner, stop: Callable[[], None]) -> AsyncIterator[None]:
    """Look every few seconds whether the shard is still wanted; call `stop` once it is not."""
    looking = asyncio.create_task(_look(owner, stop))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _look(owner: Owner, stop: Callable[[], None]) -> None:
    async with get_client() as client:
        while True:
            await asyncio.sleep(LOOK_S)
            # While the server is away nothing is known, so nothing is stopped.
            with suppress(httpx.HTTPError):
                if not await is_wanted(client, owner):
                    stop()
                    return
