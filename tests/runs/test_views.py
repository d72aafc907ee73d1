"""What is shown of workflows and jobs, against runs on a server in every state."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled

from runs.names import RUN_WORKFLOW, tenant_tag
from runs.states import queued, skipped
from runs.views import (
    JobView,
    RunUnknown,
    WorkflowView,
    list_workflows,
    plain,
    read_job,
    read_workflow,
)
from slideloom.scheduling.state import JobState, Reason
from tests.runs.made import Made, deploy, make_workflow, put, spec_of, tell_tiles, unique
from tests.runs.server import ON_SERVER, ask

pytestmark = ON_SERVER
_BROKEN = "Flow run encountered an exception: SlideUnreadable: c.svs breaks at level 0"


async def _all_kinds(client: PrefectClient) -> Made:
    """One job in every state."""
    branches = {"left": ["a", "b"], "right<left": ["c", "d", "e"], "third": ["f", "g"]}
    made = await make_workflow(client, branches)
    jobs = made.jobs
    await put(client, jobs["a"], Completed(), attempt=1)
    await put(client, jobs["b"], Running(), attempt=2)
    await tell_tiles(client, jobs["b"], 1, 300)
    await tell_tiles(client, jobs["b"], 123, 300)
    await put(client, jobs["c"], Failed(message=_BROKEN), attempt=1, error="SlideUnreadable")
    await put(client, jobs["d"], skipped("An earlier job did not succeed."))
    await put(client, jobs["e"], Cancelled())
    await put(client, jobs["f"], Failed(message="worn out"), attempt=1)
    await client.update_flow_run(
        UUID(jobs["g"]), tags=[*await _tags(client, made, "a"), "waiting:BRANCH"]
    )
    return made


async def _tags(client: PrefectClient, made: Made, slide: str) -> list[str]:
    return (await client.read_flow_run(UUID(made.jobs[slide]))).tags


def _by_slide(view: WorkflowView) -> dict[str, JobView]:
    return {job.slide: job for job in view.jobs}


async def _read_counted(client: PrefectClient, workflow: str) -> tuple[WorkflowView, int]:
    """The view, and how many requests it took."""
    send, sent = client._client.send, []

    async def counted(request: Any, *given: Any, **named: Any) -> Any:
        sent.append(request.url.path)
        return await send(request, *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client._client, "send", counted)
        view = await read_workflow(client, workflow)
    return view, len(sent)


def test_a_workflow_with_a_job_in_every_state() -> None:
    async def act(client: PrefectClient) -> tuple[Made, WorkflowView, int]:
        made = await _all_kinds(client)
        return made, *await _read_counted(client, made.id)

    made, view, requests = ask(act)
    assert requests == 2
    assert (view.id, view.tenant, view.name) == (made.id, made.tenant, "made")
    assert (view.state, view.done, view.total, view.accepted) == (JobState.RUNNING, 4, 7, True)
    assert [(branch.name, branch.needs) for branch in view.branches] == [
        ("left", ()),
        ("right", ("left",)),
        ("third", ()),
    ]
    jobs = _by_slide(view)
    assert {slide: job.id for slide, job in jobs.items()} == made.jobs
    assert {slide: job.state.value for slide, job in jobs.items()} == {
        "a": "SUCCEEDED",
        "b": "RUNNING",
        "c": "FAILED",
        "d": "SKIPPED",
        "e": "CANCELLED",
        "f": "PENDING",
        "g": "PENDING",
    }
    assert (jobs["b"].done, jobs["b"].total, jobs["b"].attempt) == (123, 300, 2)
    assert (jobs["a"].done, jobs["a"].total) == (None, None)
    assert jobs["c"].message == "SlideUnreadable: c.svs breaks at level 0"
    assert (jobs["c"].error, jobs["c"].number, jobs["c"].branch) == ("SlideUnreadable", 1, "right")
    assert jobs["g"].reason is Reason.BRANCH
    assert jobs["f"].reason is None
    assert (jobs["f"].kind, jobs["f"].folder) == ("tissue_mask", "/out/f")


def test_nobody_has_started_and_so_one_request_is_enough() -> None:
    async def act(client: PrefectClient) -> tuple[WorkflowView, int]:
        made = await make_workflow(client, {"only": ["a", "b"]})
        return await _read_counted(client, made.id)

    view, requests = ask(act)
    assert requests == 1
    assert [job.state for job in view.jobs] == [JobState.PENDING, JobState.PENDING]


def test_a_job_reads_as_in_its_workflow_and_as_json() -> None:
    async def act(client: PrefectClient) -> tuple[WorkflowView, list[JobView]]:
        made = await _all_kinds(client)
        jobs = [await read_job(client, job) for job in made.jobs.values()]
        return await read_workflow(client, made.id), jobs

    view, jobs = ask(act)
    assert jobs == view.jobs
    stated = json.loads(json.dumps(plain(view)))
    assert stated["branches"][0]["jobs"][1] == plain(jobs[1])
    assert stated["created"].endswith("+00:00")
    assert set(stated) == {
        *("id", "tenant", "name", "state", "message", "created", "done", "total", "branches")
    }


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        (Scheduled(), JobState.PENDING),
        (Running(), JobState.RUNNING),
        (Completed(), JobState.SUCCEEDED),
        (Failed(), JobState.FAILED),
        (Crashed(), JobState.RUNNING),
        (Cancelled(), JobState.CANCELLED),
    ],
)
def test_states_of_workflows(state: Any, meant: JobState) -> None:
    async def act(client: PrefectClient) -> WorkflowView:
        made = await make_workflow(client, {"only": ["a"]})
        await put(client, made.id, state)
        return await read_workflow(client, made.id)

    view = ask(act)
    assert view.state is meant
    assert view.ended is (meant not in {JobState.PENDING, JobState.RUNNING})


def test_what_a_cancelled_workflow_breaks_is_not_tried_again() -> None:
    async def act(client: PrefectClient) -> JobView:
        made = await make_workflow(client, {"only": ["a"]})
        await put(client, made.jobs["a"], Failed())
        await put(client, made.id, Cancelled())
        return await read_job(client, made.jobs["a"])

    assert ask(act).state is JobState.FAILED


@pytest.mark.parametrize(
    "spec", [None, "nonsense", {}, {"tenant": 3, "branches": "x"}, {"branches": [{"jobs": [1]}]}]
)
def test_a_workflow_that_is_none_can_still_be_looked_at(spec: Any) -> None:
    async def act(client: PrefectClient) -> WorkflowView:
        ids = await deploy(client)
        run = await client.create_flow_run_from_deployment(
            ids[RUN_WORKFLOW], parameters={"spec": spec}, state=Failed(message="no spec")
        )
        return await read_workflow(client, run.id)

    view = ask(act)
    assert (view.state, view.message, view.jobs, view.accepted) == (
        JobState.FAILED,
        "no spec",
        [],
        False,
    )


def test_ids_that_lead_nowhere() -> None:
    made = ask(lambda client: make_workflow(client, {"only": ["a"]}))
    for read, wrong in [
        (read_workflow, uuid4()),
        (read_workflow, made.jobs["a"]),
        (read_job, uuid4()),
        (read_job, made.id),
    ]:
        with pytest.raises(RunUnknown, match=f"{wrong}.*slideloom status"):
            ask(lambda client, read=read, wrong=wrong: read(client, wrong))  # type: ignore[misc]


def test_the_list_shows_what_is_open_first_and_each_tenant_its_own() -> None:
    async def act(client: PrefectClient) -> tuple[list[Made], list[Any]]:
        tenant = unique("lister")
        made = [await make_workflow(client, {"b": ["x", "y"]}, tenant) for _ in range(4)]
        await make_workflow(client, {"b": ["x", "y"]})
        await put(client, made[3].id, Completed())
        await put(client, made[2].id, Failed())
        await put(client, made[2].jobs["x"], Failed())
        await put(client, made[1].jobs["x"], Completed())
        ids = await deploy(client)
        await client.create_flow_run_from_deployment(  # tagged as if it were this tenant's
            ids[RUN_WORKFLOW],
            parameters={"spec": spec_of("somebody-else", {"b": ["x"]})},
            tags=[tenant_tag(tenant)],
            state=queued(),
        )
        lists = [
            await list_workflows(client, tenant),
            await list_workflows(client, tenant, open_only=True),
            await list_workflows(client, tenant, limit=3),
        ]
        return made, lists

    made, (whole, only_open, three) = ask(act)
    order = [made[1].id, made[0].id, made[3].id, made[2].id]
    assert [line.id for line in whole] == order
    assert [(line.done, line.total) for line in whole] == [(1, 2), (0, 2), (2, 2), (1, 2)]
    assert [line.id for line in only_open] == order[:2]
    assert len(three) <= 3
    assert {line.tenant for line in whole} == {made[0].tenant}


def test_runs_that_a_job_starts_itself_are_no_jobs() -> None:
    async def act(client: PrefectClient) -> WorkflowView:
        made = await make_workflow(client, {"only": ["a"]})
        ids = await deploy(client)
        await client.create_flow_run_from_deployment(
            ids[RUN_WORKFLOW], tags=[f"workflow:{made.id}"], parameters={"spec": {}}
        )
        return await read_workflow(client, made.id)

    view = ask(act)
    assert len(view.jobs) == 1
    assert view.name == "made"
