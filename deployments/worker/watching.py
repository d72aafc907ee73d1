"""Learning from the server which of this process's runs have to stop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from deployments.worker.attempt import Attempt
from runs.events import Wakeup

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_PAGE = 200


@asynccontextmanager
async def watching(attempts: Mapping[UUID, Attempt], changes: Wakeup) -> AsyncIterator[None]:
    """Look when something is heard of a run, or once a second where nothing can be heard.

    One request is for all runs.
    """
    task = asyncio.create_task(_watch(attempts, changes))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(attempts: Mapping[UUID, Attempt], changes: Wakeup) -> None:
    async with get_client() as client:
        while True:
            await changes.wait(_LOOK_S)
            # While the server is away nothing is known, so nothing is stopped.
            try:
                await look(client, list(attempts.values()))
            except httpx.HTTPError:
                continue
            except Exception:  # noqa: BLE001 - else no cancel would be heard any more
                _log.exception("looking after this worker's runs failed; it goes on")


async def look(client: PrefectClient, attempts: list[Attempt]) -> None:
    """Tell those to stop that have to.

    Raises:
        httpx.HTTPError: The server does not answer.
    """
    for first in range(0, len(attempts), _PAGE):
        page = attempts[first : first + _PAGE]
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[attempt.id for attempt in page]))
        found = {run.id: run for run in await client.read_flow_runs(flow_run_filter=wanted)}
        for attempt in page:
            attempt.orders.look_at(found.get(attempt.id))
