"""Reading a server's history through its API, missing nothing.

Runs are read page by page, each beginning with the last run of the page before: where that is not
so runs were deleted meanwhile, and reading begins again. Then each run's states are read. While
the server goes on that is no single moment: everything after its beginning is cut off then.
"""

import asyncio
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from runs import labels
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW
from slideloom.errors import BadInput

from .records import History
from .translating import RunRead, translated

PAGE = 200
AT_ONCE = 10
"""Requests that are under way at the same time."""
TRIES = 10


class NotSlideloom(BadInput):
    """The server has no deployment of ours, or its history cannot be read."""


async def read_history(
    api_url: str, since: datetime | None = None, live: bool = False, page: int = PAGE
) -> History:
    """Everything that a server remembers of workflows and jobs.

    Args:
        api_url: Address of the API, with `/api`.
        since: Leave out workflows of which everything ended before that.
        live: The server goes on: cut off what happens while it is read.
        page: Runs in one request.

    Raises:
        NotSlideloom: It has no deployment of ours, or runs are deleted faster than they are read.
    """
    with temporary_settings({PREFECT_API_URL: api_url}):
        async with get_client() as client:
            until_s = await _server_now_s(client) if live else math.inf
            workflows = await read_runs(client, [await _deployment(client, RUN_WORKFLOW)], page)
            jobs = await read_runs(client, await _job_deployments(client), page)
            read = await _all_states(client, _since([*workflows, *jobs], since), until_s)
    return translated(read, {run.id for run in workflows})


async def read_runs(client: PrefectClient, deployments: Sequence[UUID], page: int) -> list[FlowRun]:
    """All runs of these deployments, each once.

    Raises:
        NotSlideloom: Runs are deleted faster than they are read.
    """
    if not deployments:
        return []
    for _ in range(TRIES):
        runs = await _read_through(client, deployments, page)
        if runs is not None:
            return runs
    raise NotSlideloom("runs are deleted while they are read: try again when that is over")


async def _read_through(
    client: PrefectClient, deployments: Sequence[UUID], page: int
) -> list[FlowRun] | None:
    """All runs; None where some were deleted meanwhile. New ones only make us read some twice."""
    found: dict[UUID, FlowRun] = {}
    offset = 0
    while True:
        runs = await client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(deployments))),
            sort=FlowRunSort.ID_DESC,
            limit=page,
            offset=offset,
        )
        if offset and (not runs or runs[0].id not in found):
            return None
        found |= {run.id: run for run in runs}
        if len(runs) < page:
            return list(found.values())
        offset += page - 1


async def _deployment(client: PrefectClient, name: str) -> UUID:
    try:
        return (await client.read_deployment_by_name(name)).id
    except ObjectNotFound as error:
        raise NotSlideloom(
            f"{client.api_url} has no deployment {name}: is it the API of a slideloom server?"
        ) from error


async def _job_deployments(client: PrefectClient) -> list[UUID]:
    return [await _deployment(client, name) for name in JOB_DEPLOYMENTS.values()]


async def _server_now_s(client: PrefectClient) -> float:
    """The server's clock, rounded down to a second: what is older has been written."""
    response = await client.request("GET", "/health")
    return parsedate_to_datetime(response.headers["Date"]).timestamp()


def _since(runs: Sequence[FlowRun], since: datetime | None) -> list[FlowRun]:
    """Runs of workflows of which something has not ended, or did so after `since`."""
    if since is None:
        return list(runs)
    recent = {family(run) for run in runs if run.end_time is None or run.end_time >= since}
    return [run for run in runs if family(run) in recent]


def family(run: FlowRun) -> str:
    """Id of the workflow that a run is or belongs to; its own for a stranger."""
    return str((run.labels or {}).get(labels.WORKFLOW, run.id))


async def _all_states(
    client: PrefectClient, runs: Iterable[FlowRun], until_s: float
) -> list[RunRead]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(run: FlowRun) -> RunRead:
        async with gate:
            return await read_states(client, run, until_s)

    return list(await asyncio.gather(*(one(run) for run in runs)))


async def read_states(client: PrefectClient, run: FlowRun, until_s: float) -> RunRead:
    """A run with all its states; read again where it changed between the two requests."""
    states = await _stored(client, run.id)
    while run.state and states and run.state.id != states[-1].id:
        run = await client.read_flow_run(run.id)
        if run.state and run.state.id in {state.id for state in states}:
            break  # its current state is not the latest by time
        states = await _stored(client, run.id)
    return RunRead(run, tuple(states), until_s)


async def _stored(client: PrefectClient, run_id: UUID) -> list[State[Any]]:
    response = await client.request("GET", "/flow_run_states/", params={"flow_run_id": str(run_id)})
    states = [State[Any].model_validate(found) for found in response.json()]
    return sorted(states, key=lambda state: state.timestamp)
