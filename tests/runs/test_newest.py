"""Runs page by page, the newest first, while others come; also many of the very same time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterTags,
)
from prefect.states import Scheduled

from runs.names import RUN_WORKFLOW
from runs.newest import read_newest
from tests.runs.made import deploy, unique
from tests.runs.server import ON_SERVER, ask

pytestmark = ON_SERVER
AT = datetime(2026, 11, 25, 12, 0, 0, 123457, tzinfo=UTC)
WORKFLOWS = DeploymentFilter(name=DeploymentFilterName(any_=[RUN_WORKFLOW.split("/")[1]]))
STEPS_US = [-2, -1, 0, 0, 0, 0, 0, 1]
"""Runs are this long after `AT`; a step is the shortest that a database knows."""


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 100])
def test_each_once_the_newest_first(limit: int) -> None:
    tag = unique("page")
    wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[tag]))

    async def act(client: PrefectClient) -> tuple[list[UUID], list[UUID], int]:
        deployment = (await deploy(client))[RUN_WORKFLOW]

        async def make(step_us: int) -> UUID:
            at = AT + timedelta(microseconds=step_us)
            run = await client.create_flow_run_from_deployment(
                deployment, state=Scheduled(scheduled_time=at), tags=[tag]
            )
            return run.id

        made = [await make(step) for step in STEPS_US]
        read, mark, pages = list[UUID](), None, 0
        while mark is not None or not pages:
            page, mark = await read_newest(client, wanted, WORKFLOWS, limit, mark)
            read, pages = read + [run.id for run in page], pages + 1
            await make(pages + 5)
        return made, read, pages

    made, read, pages = ask(act)
    assert len(read) == len(set(read)) == len(STEPS_US)
    assert (read[0], read[-2:]) == (made[-1], [made[1], made[0]])
    assert pages == -(-len(STEPS_US) // limit)
