"""Reading a history back from a real server, through the API alone."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelled, Completed, Failed, Paused, Pending, Running, Scheduled

from runs import labels
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW
from tests.helpers.history.__main__ import main
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.reading import NotSlideloom, read_history
from tests.helpers.history.records import BranchShape, History, JobHistory, Promise, StateAt
from tests.helpers.waiting import wait_until

KINDS = list(JOB_DEPLOYMENTS)


async def _deploy(client: PrefectClient, names: Sequence[str]) -> dict[str, UUID]:
    made = {}
    for name in names:
        flow_id = await client.create_flow_from_name(name.split("/")[0])
        made[name] = await client.create_deployment(flow_id, name.split("/")[1])
    return made


@pytest.fixture
def deployments() -> Iterator[dict[str, UUID]]:
    """The deployments' ids; they and their runs are gone afterwards."""

    async def make() -> dict[str, UUID]:
        async with get_client() as client:
            return await _deploy(client, [RUN_WORKFLOW, *JOB_DEPLOYMENTS.values()])

    async def remove(made: dict[str, UUID]) -> None:
        async with get_client() as client:
            for deployment in made.values():
                for run in await client.read_flow_runs():
                    if run.deployment_id == deployment:
                        await client.delete_flow_run(run.id)
                await client.delete_deployment(deployment)

    made = asyncio.run(make())
    yield made
    asyncio.run(remove(made))


def queued() -> State[None]:
    return Paused(name="Queued", reschedule=True)


async def _run(
    client: PrefectClient,
    deployment: UUID,
    parameters: dict[str, object],
    states: Sequence[State[None]],
) -> UUID:
    """A run that went through these states."""
    run = await client.create_flow_run_from_deployment(
        deployment, parameters=parameters, state=states[0]
    )
    for state in states[1:]:
        await client.set_flow_run_state(run.id, state, force=True)
    return run.id


async def _job(
    client: PrefectClient,
    deployment: UUID,
    workflow: UUID,
    index: int,
    states: Sequence[State[None]],
    **written: str | int,
) -> UUID:
    parameters = {"job": {"kind": KINDS[0]}, "out": f"/results/{index}"}
    run = await _run(client, deployment, parameters, states)
    await client.update_flow_run_labels(
        run,
        {
            labels.TENANT: "alice",
            labels.WORKFLOW: str(workflow),
            labels.BRANCH: 0,
            labels.INDEX: index,
            labels.JOBS: 2,
            **written,
        },
    )
    return run


def spec(jobs: int) -> dict[str, object]:
    branch = {"name": "left", "jobs": [{"kind": KINDS[0], "slide": "a"}] * jobs}
    return {"spec": {"tenant": "alice", "name": "x", "branches": [branch]}}


async def _a_day(made: dict[str, UUID]) -> tuple[UUID, UUID, UUID]:
    """A workflow of two jobs: one is resumed as by the dispatcher, the other cancelled queued."""
    public, internal = made[RUN_WORKFLOW], made[JOB_DEPLOYMENTS[KINDS[0]]]
    async with get_client() as client:
        awaits = Paused(name="Awaiting jobs", reschedule=True)
        workflow = await _run(client, public, spec(2), [Scheduled(), Pending(), Running(), awaits])
        first = await _job(client, internal, workflow, 0, [queued()])
        second = await _job(client, internal, workflow, 1, [queued()])
        waiting = (await client.read_flow_run(first)).state
        assert waiting is not None
        await client.update_flow_run_labels(
            first, {labels.ATTEMPT: 1, labels.ADMITTED: str(waiting.id)}
        )
        await client.resume_flow_run(first)
        for state in (Pending(), Running(), Completed()):
            await client.set_flow_run_state(first, state)
        await client.set_flow_run_state(second, Cancelled(), force=True)
        for state in (Scheduled(), Pending(), Running(), Cancelled()):
            await client.set_flow_run_state(workflow, state, force=True)
    return workflow, first, second


def read(since: datetime | None = None, live: bool = False, page: int = 200) -> History:
    return asyncio.run(read_history(PREFECT_API_URL.value() or "", since, live, page))


def named(states: Sequence[StateAt]) -> list[str]:
    return [state.name for state in states]


def job_of(history: History, run: UUID) -> JobHistory:
    (found,) = (job for job in history.jobs if job.id == str(run))
    return found


def test_what_happened_is_read_back(deployments: dict[str, UUID]) -> None:
    workflow, first, second = asyncio.run(_a_day(deployments))
    history = read()
    (flow_read,) = history.workflows
    assert (flow_read.id, flow_read.tenant) == (str(workflow), "alice")
    assert flow_read.branches == (BranchShape("left", 2),)
    assert named(flow_read.states)[3] == "Awaiting jobs"
    job = job_of(history, first)
    assert named(job.states) == ["Queued", "Resuming", "Pending", "Running", "Completed"]
    assert (job.tenant, job.workflow, job.branch, job.index) == ("alice", str(workflow), 0, 0)
    assert (job.kind, job.jobs, job.attempt, job.out) == (KINDS[0], 2, 1, "/results/0")
    assert job.admitted == job.states[0].id
    assert named(job_of(history, second).states) == ["Queued", "Cancelled"]
    assert history.inversions == 0
    assert broken_promises(history, Rules(final=True)) == []


def test_the_server_gives_the_times_whatever_the_client_says(
    deployments: dict[str, UUID],
) -> None:
    """What the docstring says of times: they are minted by the server, in the order of requests."""

    async def go() -> UUID:
        async with get_client() as client:
            past = Completed(timestamp=datetime.now(UTC) - timedelta(days=1))
            return await _run(client, deployments[RUN_WORKFLOW], spec(1), [Scheduled(), past])

    asyncio.run(go())
    (found,) = read().workflows
    assert named(found.states) == ["Scheduled", "Completed"]
    assert found.states[0].at_s < found.states[1].at_s


def test_no_run_is_missed_over_many_pages(deployments: dict[str, UUID]) -> None:
    async def go() -> set[str]:
        async with get_client() as client:
            public = deployments[RUN_WORKFLOW]
            made = [await _run(client, public, spec(1), [Failed()]) for _ in range(7)]
            return {str(run) for run in made}

    expected = asyncio.run(go())
    for page in (2, 3, 7, 8):
        found = read(page=page).workflows
        assert len(found) == 7
        assert {one.id for one in found} == expected


def test_runs_without_a_workflow_and_without_a_spec(deployments: dict[str, UUID]) -> None:
    async def go() -> UUID:
        async with get_client() as client:
            await _run(client, deployments[RUN_WORKFLOW], {"spec": "none"}, [Scheduled(), Failed()])
            internal = deployments[JOB_DEPLOYMENTS[KINDS[1]]]
            return await _run(client, internal, {}, [Scheduled(), Pending(), Running()])

    stranger = asyncio.run(go())
    history = read()
    (refused,) = history.workflows
    assert (refused.tenant, refused.branches) == ("", ())
    assert not history.jobs
    (found,) = broken_promises(history, Rules(final=True))
    assert (found.promise, found.runs) == (Promise.ADMISSION, (str(stranger),))


def test_old_workflows_and_what_is_new_can_be_left_out(deployments: dict[str, UUID]) -> None:
    asyncio.run(_a_day(deployments))
    now = datetime.now(UTC)
    assert len(read(since=now - timedelta(hours=1)).jobs) == 2
    assert read(since=now + timedelta(hours=1)) == History()


def test_a_server_that_goes_on_is_read_up_to_a_moment(deployments: dict[str, UUID]) -> None:
    asyncio.run(_a_day(deployments))
    wait_until(lambda: read(live=True) == read())


def test_the_command_tells_and_exits_1(
    deployments: dict[str, UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    async def doubled() -> UUID:
        _, first, _ = await _a_day(deployments)
        async with get_client() as client:
            await client.set_flow_run_state(first, Completed(), force=True)
        return first

    url = PREFECT_API_URL.value() or ""
    assert main([url, "--final"]) == 0
    assert "every promise was kept" in capsys.readouterr().out
    first = asyncio.run(doubled())
    assert main([url, "--final"]) == 1
    assert f"[{first}]" in capsys.readouterr().out


def test_a_server_that_is_not_ours_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotSlideloom, match="no deployment run_workflow/run-workflow"):
        read()
    assert main([PREFECT_API_URL.value() or ""]) == 2
    assert "is it the API of a slideloom server?" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        assert main([url]) == 2
    assert f"{url} does not answer" in capsys.readouterr().err
