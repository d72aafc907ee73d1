"""Reading more runs than a page holds, while they come and go."""

import asyncio
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType

from runs import paging
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW, tenant_tag
from runs.paging import NotRegistered, deployment_ids, read_all, read_by_ids
from tests.runs.made import deploy, make_workflow, unique
from tests.runs.server import ON_SERVER, ask

JOBS = 430


class _Moving:
    """Stands for a client whose runs come and go between two requests."""

    def __init__(self, ids: set[int], changes: list[set[int]]) -> None:
        self.ids, self.changes, self.requests = set(ids), list(changes), 0

    async def read_flow_runs(self, *, limit: int, offset: int, **_: Any) -> list[FlowRun]:
        self.requests += 1
        found = sorted(self.ids, reverse=True)[offset : offset + limit]
        if self.changes:
            self.ids ^= self.changes.pop()
        return [FlowRun(id=UUID(int=number), flow_id=UUID(int=0)) for number in found]


_IDS = st.sets(st.integers(0, 60), max_size=50)


@settings(deadline=None, max_examples=300)
@given(ids=_IDS, changes=st.lists(_IDS, max_size=12))
def test_what_is_there_all_the_time_is_read_exactly_once(
    ids: set[int], changes: list[set[int]]
) -> None:
    client = _Moving(ids, changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "PAGE", 7)
        patch.setattr(paging, "_STEP_BACK", 2)
        runs = asyncio.run(read_all(cast(PrefectClient, client), FlowRunFilter()))
    read = [run.id.int for run in runs]
    assert len(read) == len(set(read))
    stayed = ids - set().union(*changes)
    assert stayed <= set(read) <= ids.union(*changes)


async def _end(client: PrefectClient, ids: list[str]) -> None:
    wanted = {"flow_runs": {"id": {"any_": ids}}, "state": {"type": "CANCELLED"}, "force": True}
    path = "/flow_runs/bulk_set_state"
    answer = await client.request("POST", path, json=wanted)  # type: ignore[arg-type]
    assert len(answer.json()["results"]) == len(ids)


async def _leaving(client: PrefectClient) -> tuple[set[str], set[str]]:
    """Read waiting runs of which the newest end after each page: those that stay, those read."""
    slides = [str(number) for number in range(JOBS)]
    made = await make_workflow(client, {"long": slides})
    gone: set[str] = set()
    ask_server = client.read_flow_runs

    async def read(**wanted: Any) -> list[FlowRun]:
        page = await ask_server(**wanted)
        left = [str(run.id) for run in page if str(run.id) not in gone][:40]
        if len(gone) < 120:
            await _end(client, left)
            gone.update(left)
        return page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "read_flow_runs", read)
        waiting = FlowRunFilter(
            tags=FlowRunFilterTags(all_=[tenant_tag(made.tenant)]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])),
        )
        found = await read_all(client, waiting)
    again = await read_by_ids(client, [*made.jobs.values(), str(UUID(int=7))])
    assert {str(run.id) for run in again} == set(made.jobs.values())
    assert len(gone) == 120
    return ({*made.jobs.values(), made.id} - gone), {str(run.id) for run in found}


class TestOnAServer:
    pytestmark = ON_SERVER

    def test_runs_that_end_between_two_pages_hide_no_others(self) -> None:
        stayed, read = ask(_leaving)
        assert len(stayed) == JOBS + 1 - 120
        assert stayed <= read

    def test_deployments_by_name(self) -> None:
        made = ask(deploy)
        assert ask(deployment_ids) == made
        assert set(made) == {RUN_WORKFLOW, *JOB_DEPLOYMENTS.values()}

    def test_a_server_that_is_not_set_up(self) -> None:
        with pytest.raises(NotRegistered, match=r"http://127.*/api is not.*slideloom register"):
            ask(lambda client: deployment_ids(client, [f"{unique('flow')}/job"]))
