"""Runs page by page, the newest first; what comes meanwhile moves nothing.

Prefect pages by offset, and every new run moves all rows. So a page begins where the one before
ended in time: a run gets its expected start when it is made, and keeps it. Of runs of the very same
time the mark names those that have been read.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far has been read.

    Attributes:
        at_us: Time of the last run, microseconds since 1970.
        read: Ids of the runs of that very time that have been read.
    """

    at_us: int
    read: tuple[UUID, ...]


async def read_newest(
    client: PrefectClient,
    wanted: FlowRunFilter,
    deployments: DeploymentFilter,
    limit: int,
    after: Mark | None = None,
) -> tuple[list[FlowRun], Mark | None]:
    """A page of the runs that match, and where the next one begins; None: there is none.

    Args:
        client: Prefect's client.
        wanted: Which runs.
        deployments: Of which deployments.
        limit: How many at most, up to 199.
        after: Where the page begins; None: with the newest.
    """
    runs = await client.read_flow_runs(
        deployment_filter=deployments,
        flow_run_filter=_from(wanted, after) if after else wanted,
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=limit + 1,
    )
    page = runs[:limit]
    return page, _mark(page, after) if len(runs) > limit else None


def _from(wanted: FlowRunFilter, after: Mark) -> FlowRunFilter:
    return wanted.model_copy(
        update={
            "expected_start_time": FlowRunFilterExpectedStartTime(
                before_=_EPOCH + after.at_us * _MICROSECOND
            ),
            "id": FlowRunFilterId(not_any_=list(after.read)),
        }
    )


def _mark(page: list[FlowRun], after: Mark | None) -> Mark:
    last = _at_us(page[-1])
    read = tuple(run.id for run in page if _at_us(run) == last)
    return Mark(last, (after.read if after and after.at_us == last else ()) + read)


def _at_us(run: FlowRun) -> int:
    at = run.expected_start_time or _EPOCH
    return calendar.timegm(at.utctimetuple()) * 1_000_000 + at.microsecond
