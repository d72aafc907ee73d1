"""Reads many runs, and misses none: Prefect gives at most 200 at a time, by offset.

Between two pages runs come and go, and every row after them moves: a page fetched by its offset may
begin too late. So each page must overlap with what has been read before, in the order of ids, which
never change; one that does not is fetched again from further up.
"""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW
from slideloom.errors import SlideloomError

PAGE = 200
"""Runs that Prefect gives at most for one request."""
_STEP_BACK = 50
"""Rows by which a page that began too late is moved up; doubled each time."""

NEEDED = (RUN_WORKFLOW, *JOB_DEPLOYMENTS.values())
"""Deployments without which no workflow runs."""
JOB_NAMES = sorted({name.split("/")[1] for name in JOB_DEPLOYMENTS.values()})
"""Names of the jobs' deployments, without their flows'."""
JOB_RUNS = DeploymentFilter(name=DeploymentFilterName(any_=JOB_NAMES))
"""Runs of jobs."""


class NotRegistered(SlideloomError):
    """The Prefect server lacks slideloom's deployments."""


async def read_all(
    client: PrefectClient,
    flow_run_filter: FlowRunFilter,
    deployment_filter: DeploymentFilter | None = None,
    flow_filter: FlowFilter | None = None,
) -> list[FlowRun]:
    """All runs that match, each once, in the order of their ids, which says nothing.

    A run that matches from the first request to the last is never missed, whatever others do. One
    that begins or ceases to match meanwhile may be there or not; each is as it was when it was
    read last.
    """
    found: dict[UUID, FlowRun] = {}
    offset, back = 0, _STEP_BACK
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=flow_run_filter,
            deployment_filter=deployment_filter,
            flow_filter=flow_filter,
            sort=FlowRunSort.ID_DESC,
            limit=PAGE,
            offset=offset,
        )
        if offset and not _joins(page, found):
            offset, back = max(offset - back, 0), 2 * back
            continue
        found.update({run.id: run for run in page})
        if len(page) < PAGE:
            return [found[run_id] for run_id in sorted(found, reverse=True)]
        offset, back = offset + PAGE - 1, _STEP_BACK


def _joins(page: Sequence[FlowRun], found: Iterable[UUID]) -> bool:
    """Whether the page begins within what has been read; then nothing lies between the two."""
    return bool(page) and page[0].id >= min(found)


async def read_by_ids(client: PrefectClient, ids: Iterable[UUID | str]) -> list[FlowRun]:
    """These runs; those that are not there are left out."""
    wanted = sorted({UUID(str(run_id)) for run_id in ids})
    found: list[FlowRun] = []
    for start in range(0, len(wanted), PAGE):
        part = FlowRunFilterId(any_=wanted[start : start + PAGE])
        found += await client.read_flow_runs(flow_run_filter=FlowRunFilter(id=part), limit=PAGE)
    return found


async def deployment_ids(client: PrefectClient, names: Sequence[str] = NEEDED) -> dict[str, UUID]:
    """Ids of deployments by their names, `flow/deployment`.

    Raises:
        NotRegistered: One of them is not there.
    """
    try:
        found = await asyncio.gather(*(client.read_deployment_by_name(name) for name in names))
    except ObjectNotFound as error:
        raise not_registered(client) from error
    return {name: deployment.id for name, deployment in zip(names, found, strict=True)}


def not_registered(client: PrefectClient) -> NotRegistered:
    """The error for a server that lacks a deployment."""
    address = str(client.api_url).rstrip("/")
    return NotRegistered(
        f"this Prefect server at {address} is not set up for slideloom: run `slideloom register`"
    )
