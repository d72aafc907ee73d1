"""Submitting, cancelling and retrying through Prefect's API."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled

from runs import labels
from runs.names import RUN_WORKFLOW, tenant_tag
from runs.requests import (
    AlreadyEnded,
    KeyTaken,
    as_written,
    cancel_job,
    cancel_workflow,
    count_open,
    find_submitted,
    retry_job,
    submit,
)
from runs.states import QUEUED, jobs_cancelled, skipped
from runs.views import RunUnknown
from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.scheduling.errors import RetryRefused, SpecUnusable
from slideloom.scheduling.spec import BranchSpec, WorkflowSpec, check_spec, parse_spec
from tests.runs.made import Made, deploy, make_workflow, put, spec_of, unique
from tests.runs.server import ON_SERVER, ask

pytestmark = ON_SERVER
SPEC = """
tenant: {tenant}
name: biopsy 17
branches:
  - name: left
    jobs:
      - {{kind: segment_cells, slide: a.svs, tissue: off, mpp: 0.25}}
      - {{kind: tissue_mask, slide: a.svs}}
"""


def test_what_the_author_left_open_stays_open() -> None:
    spec = parse_spec(SPEC.format(tenant="alice"))
    (branch,) = as_written(spec)["branches"]
    assert branch == {
        "name": "left",
        "jobs": [
            {"kind": "segment_cells", "slide": "a.svs", "tissue": "off", "mpp": 0.25},
            {"kind": "tissue_mask", "slide": "a.svs"},
        ],
    }
    assert check_spec(as_written(spec)) == spec


def test_a_spec_made_in_python_says_the_kinds_of_its_jobs() -> None:
    branch = BranchSpec(name="left", jobs=[SegmentCells(slide="a.svs")])
    spec = WorkflowSpec(tenant="alice", name="made", branches=[branch])
    job = as_written(spec)["branches"][0]["jobs"][0]
    assert job == {"slide": "a.svs", "kind": "segment_cells"}


def test_a_submission_is_a_run_of_the_public_deployment() -> None:
    spec = parse_spec(SPEC.format(tenant=unique("alice")))

    async def act(client: PrefectClient) -> tuple[FlowRun, Any]:
        ids = await deploy(client)
        run = await client.read_flow_run(UUID(await submit(client, spec)))
        return run, ids[RUN_WORKFLOW]

    run, deployment = ask(act)
    assert run.deployment_id == deployment
    assert run.parameters == {"spec": as_written(spec)}
    assert tenant_tag(spec.tenant) in run.tags
    assert run.state is not None
    assert run.state.type is StateType.SCHEDULED


def test_a_key_makes_one_workflow_of_each_tenant() -> None:
    one, other = unique("one"), unique("other")

    async def act(client: PrefectClient) -> list[str]:
        await deploy(client)
        specs = [parse_spec(SPEC.format(tenant=tenant)) for tenant in (one, one, other)]
        return [
            *[await submit(client, spec, "key") for spec in specs],
            await submit(client, specs[0]),
        ]

    first, second, theirs, without = ask(act)
    assert first == second
    assert len({first, theirs, without}) == 3


def test_a_key_is_not_taken_for_another_spec() -> None:
    text = SPEC.format(tenant=unique("alice"))

    async def act(client: PrefectClient) -> str:
        await deploy(client)
        await submit(client, parse_spec(text), "key")
        return await submit(client, parse_spec(text.replace("a.svs", "b.svs")), "key")

    with pytest.raises(KeyTaken, match=r"'key' for another spec.*take another key"):
        ask(act)


def test_a_key_stands_for_what_its_author_wrote() -> None:
    """What was filled in since may be another thing tomorrow."""
    text = SPEC.format(tenant=unique("alice"))
    stated, filled = parse_spec(text), parse_spec(text.replace("0.25", "0.5"))

    async def act(client: PrefectClient) -> tuple[str | None, str, str, str | None]:
        await deploy(client)
        before = await find_submitted(client, stated, "key")
        first = await submit(client, filled, "key", stated)
        second = await submit(client, stated, "key", stated)
        return before, first, second, await find_submitted(client, stated, "key")

    before, first, second, after = ask(act)
    assert before is None
    assert first == second == after
    with pytest.raises(KeyTaken):
        ask(lambda client: find_submitted(client, filled, "key"))


def test_what_is_open_is_counted_by_tenant() -> None:
    async def act(client: PrefectClient) -> list[tuple[int, int]]:
        tenant, counted = unique("counted"), []
        counted.append(await count_open(client, tenant))
        made = await make_workflow(client, {"b": ["x", "y"]}, tenant)
        counted.append(await count_open(client, tenant))
        await put(client, made.jobs["x"], Completed())
        counted.append(await count_open(client, tenant))
        await put(client, made.id, Failed())
        return [*counted, await count_open(client, tenant)]

    assert ask(act) == [(0, 0), (1, 2), (1, 1), (0, 1)]


def _cancelled(state: Any, job: bool = True) -> tuple[StateType, FlowRun]:
    """What cancelling a run in a state answers, and the run after it."""

    async def act(client: PrefectClient) -> tuple[StateType, FlowRun]:
        made = await make_workflow(client, {"only": ["a"]})
        run_id = made.jobs["a"] if job else made.id
        if state is not None:
            await put(client, run_id, state)
        said = await (cancel_job if job else cancel_workflow)(client, run_id)
        return said, await client.read_flow_run(UUID(run_id))

    return ask(act)


@pytest.mark.parametrize("job", [True, False])
@pytest.mark.parametrize(
    ("state", "then"),
    [
        (None, StateType.CANCELLED),
        (Scheduled(), StateType.CANCELLED),
        (Running(), StateType.CANCELLING),
        (Crashed(), StateType.CANCELLED),
    ],
)
def test_what_waits_is_cancelled_at_once_and_what_runs_by_its_worker(
    state: Any, then: StateType, job: bool
) -> None:
    said, run = _cancelled(state, job)
    assert run.state is not None
    assert (said, run.state.type) == (then, then)


@pytest.mark.parametrize("job", [True, False])
@pytest.mark.parametrize("state", [Completed(), Cancelled()])
def test_what_has_ended_cannot_be_cancelled(state: Any, job: bool) -> None:
    with pytest.raises(AlreadyEnded, match=r"has ended already .*nothing to cancel"):
        _cancelled(state, job)


def test_cancelling_nothing() -> None:
    for cancel in (cancel_job, cancel_workflow):
        with pytest.raises(RunUnknown, match="slideloom status"):
            ask(lambda client, cancel=cancel: cancel(client, str(uuid4())))  # type: ignore[misc]


async def _failed(client: PrefectClient) -> Made:
    made = await make_workflow(client, {"only": ["a", "b"]})
    await put(client, made.jobs["a"], Failed(), error="SlideUnreadable", retries=3, attempt=4)
    await put(client, made.jobs["b"], skipped("after a"))
    return made


def test_a_retried_job_queues_from_now_on_as_if_it_were_new() -> None:
    began_s = time.time()

    async def act(client: PrefectClient) -> FlowRun:
        made = await _failed(client)
        await retry_job(client, made.jobs["a"])
        return await client.read_flow_run(UUID(made.jobs["a"]))

    run = ask(act)
    assert run.state is not None
    assert (run.state.name, run.state.message) == (QUEUED, "Asked for again.")
    written = dict(run.labels or {})
    assert (written[labels.ERROR], written[labels.RETRIES], written[labels.RETRY_OF]) == ("", 0, "")
    assert began_s <= float(str(written[labels.NOT_BEFORE])) <= time.time()
    assert written[labels.ATTEMPT] == 4


@pytest.mark.parametrize("whole", [None, jobs_cancelled("1 of 2 jobs were cancelled: a")])
def test_a_cancelled_job_is_retried_where_its_workflow_was_not_cancelled(whole: Any) -> None:
    async def act(client: PrefectClient) -> FlowRun:
        made = await make_workflow(client, {"only": ["a", "b"]})
        await put(client, made.jobs["a"], Cancelled())
        await put(client, made.jobs["b"], skipped("after a"))
        if whole is not None:
            await put(client, made.id, whole)
        await retry_job(client, made.jobs["a"])
        return await client.read_flow_run(UUID(made.jobs["a"]))

    assert ask(act).state_name == QUEUED


@pytest.mark.parametrize(
    ("slide", "whole", "said"),
    [
        ("b", None, "is SKIPPED: only a FAILED or CANCELLED job can be retried"),
        ("a", Cancelled(), "is cancelled: submit it again"),
    ],
)
def test_retries_that_are_refused(slide: str, whole: Any, said: str) -> None:
    async def act(client: PrefectClient) -> None:
        made = await _failed(client)
        if whole is not None:
            await put(client, made.id, whole)
        await retry_job(client, made.jobs[slide])

    with pytest.raises(RetryRefused, match=said):
        ask(act)


def test_the_job_of_a_deleted_workflow_is_not_retried() -> None:
    async def act(client: PrefectClient) -> None:
        made = await _failed(client)
        await client.delete_flow_run(UUID(made.id))
        await retry_job(client, made.jobs["a"])

    with pytest.raises(RetryRefused, match="is deleted"):
        ask(act)


def test_specs_for_tests_are_specs() -> None:
    check_spec(spec_of("alice", {"left": ["a"], "right<left": ["b"]}))


def test_a_spec_that_the_server_does_not_take() -> None:
    """Prefect takes 512 KiB of parameters; text is bounded earlier, what Python makes is not."""
    jobs = [TissueMaskJob(slide=f"{number}{'x' * 1000}") for number in range(490)]
    branches = [BranchSpec(name=name, jobs=jobs) for name in ("left", "right")]
    spec = WorkflowSpec(tenant="alice", name="large", branches=branches)

    async def act(client: PrefectClient) -> str:
        await deploy(client)
        return await submit(client, spec)

    with pytest.raises(SpecUnusable, match="refuses the spec") as refused:
        ask(act)
    assert "less than 524,288 bytes" in str(refused.value)
    assert len(str(refused.value)) < 500
