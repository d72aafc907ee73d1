"""The same workflow by a Python call: handed to a server, or carried out in this process."""

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
)
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled

from flows.run_workflow import run_workflow
from runs.creation import read_jobs
from runs.names import RUN_WORKFLOW
from runs.paging import NotRegistered
from runs.states import AWAITING
from slideloom.results.folder import MANIFEST
from slideloom.scheduling.errors import SpecUnusable
from slideloom.scheduling.spec import check_spec
from tasks import waiting
from tasks.local import LOCAL_SCHEDULER
from tasks.outcomes import WorkflowCancelled, WorkflowFailed
from tasks.refusing import WorkflowRefused
from tests.helpers.waiting import looks
from tests.workflows.server import TENANT, carry_out, pretend, spec


async def beside_a_worker(call: Coroutine[Any, Any, Any]) -> Any:
    """The call's result, with somebody who does the server's work meanwhile."""
    async with get_client() as client:
        working = asyncio.create_task(pretend(client))
        try:
            return await call
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working


def test_a_python_call_goes_to_the_server_and_waits(house: Path) -> None:
    done = asyncio.run(beside_a_worker(run_workflow(check_spec(spec(TENANT, "a.png", "b.png")))))
    assert (done["state"], done["done"], done["message"]) == ("SUCCEEDED", 2, "2 jobs succeeded")
    (branch,) = done["branches"]
    folders = [Path(job["folder"]) for job in branch["jobs"]]
    assert folders == [house / "results" / TENANT / done["id"] / name for name in ("0-0", "0-1")]
    assert all((folder / MANIFEST).exists() for folder in folders)


def test_a_python_call_tells_which_job_has_failed(house: Path) -> None:
    async def act() -> None:
        async with get_client() as client:
            call, workflow = await _called(client)
            await carry_out(client, workflow)
            (house / "slides" / "a.png").write_bytes(b"damaged since")
            (job,) = await read_jobs(client, workflow)
            await _finish(client, workflow, job.id)
            with pytest.raises(
                WorkflowFailed, match=r"1 of 1 job failed: tissue of a\.png"
            ) as told:
                await call
            ((found,),) = [branch["jobs"] for branch in told.value.outcome["branches"]]
            assert (found["state"], found["error"]) == ("FAILED", "SlideUnreadable")

    asyncio.run(act())


async def _finish(client: PrefectClient, workflow: UUID, job: str) -> None:
    from tests.workflows.server import admit

    (queued,) = [run for run in await read_jobs(client, workflow) if run.id == job]
    await admit(client, queued)
    await carry_out(client, UUID(job))
    await client.resume_flow_run(workflow)
    await carry_out(client, workflow)


async def _called(client: PrefectClient) -> "tuple[asyncio.Future[Any], UUID]":
    """A call from Python, and its workflow; other tests may have left some that wait."""
    before = await _waiting(client)
    call = asyncio.ensure_future(run_workflow(check_spec(spec(TENANT, "a.png"))))
    async for _ in looks():
        if new := await _waiting(client) - before:
            break
    (workflow,) = new
    return call, workflow


async def _waiting(client: PrefectClient) -> set[UUID]:
    """Runs of the public deployment that wait for a worker."""
    wanted = FlowRunFilter(
        state=FlowRunFilterState.model_validate({"name": {"any_": ["Scheduled"]}})
    )
    public = DeploymentFilter(name=DeploymentFilterName(any_=[RUN_WORKFLOW.split("/")[1]]))
    runs = await client.read_flow_runs(flow_run_filter=wanted, deployment_filter=public)
    return {run.id for run in runs}


@pytest.mark.usefixtures("house")
def test_a_python_call_is_refused_as_the_server_says() -> None:
    with pytest.raises(WorkflowRefused, match=r"gone\.png"):
        asyncio.run(beside_a_worker(run_workflow(check_spec(spec(TENANT, "gone.png")))))


@pytest.mark.usefixtures("house")
def test_a_cancelled_call_cancels_the_workflow() -> None:
    async def act() -> None:
        async with get_client() as client:
            call, workflow = await _called(client)
            await carry_out(client, workflow)
            assert (await client.read_flow_run(workflow)).state_name == AWAITING
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await client.read_flow_run(workflow)).state_type is StateType.CANCELLED

    asyncio.run(act())


@pytest.mark.usefixtures("house")
def test_a_workflow_that_somebody_else_cancels_ends_the_call() -> None:
    async def act() -> None:
        async with get_client() as client:
            call, workflow = await _called(client)
            await client.set_flow_run_state(workflow, Cancelled(), force=True)
            with pytest.raises(WorkflowCancelled):
                await call

    asyncio.run(act())


@pytest.mark.usefixtures("house")
def test_a_server_that_is_not_set_up_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(*_: Any) -> str:
        raise NotRegistered("run `slideloom register`")

    monkeypatch.setattr(waiting, "submit", missing)
    with pytest.raises(NotRegistered, match="slideloom register"):
        asyncio.run(run_workflow(check_spec(spec(TENANT, "a.png"))))


@pytest.fixture
def in_process(house: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As without a server; instead of to Prefect's throw-away one, runs are told to the tests'."""
    import flows.run_workflow as module

    monkeypatch.chdir(house / "slides")
    monkeypatch.setattr(module, "on_a_server", lambda: False)
    return house


def test_without_an_address_there_is_no_server() -> None:
    with temporary_settings({PREFECT_API_URL: None}):
        assert not waiting.on_a_server()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4200/api"}):
        assert waiting.on_a_server()


def test_without_a_server_it_runs_here(in_process: Path) -> None:
    segment = {"kind": "segment_cells", "slide": "b.png", "mpp": 0.5, "model": "oracle"}
    stated = spec(TENANT, "a.png")
    stated["branches"].append({"name": "two", "needs": ["one"], "jobs": [segment]})
    done = asyncio.run(run_workflow(check_spec(stated)))
    assert (done["state"], done["message"]) == ("SUCCEEDED", "2 jobs succeeded")
    folders = [job["folder"] for branch in done["branches"] for job in branch["jobs"]]
    assert folders[1] == str(in_process / "home" / "results" / TENANT / done["id"] / "1-0")
    assert json.loads((Path(folders[1]) / "summary.json").read_bytes())["cells"]["cells"] > 0
    assert LOCAL_SCHEDULER.waiting() == {}


def test_here_a_failure_stays_in_its_branch(
    in_process: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flows.run_workflow as module

    real = module._run_job

    async def breaking(plan: Any) -> None:
        if plan.branch == 0:
            Path(plan.job.slide).write_bytes(b"damaged since it was looked at")
        await real(plan)

    monkeypatch.setattr(module, "_run_job", breaking)
    stated = spec(TENANT, "a.png", "a.png")
    other = {"kind": "tissue_mask", "slide": "b.png", "mpp": 0.5}
    stated["branches"].append({"name": "two", "jobs": [other]})
    with pytest.raises(WorkflowFailed, match="1 of 3 jobs failed") as told:
        asyncio.run(run_workflow(check_spec(stated)))
    states = [job["state"] for b in told.value.outcome["branches"] for job in b["jobs"]]
    assert states == ["FAILED", "SKIPPED", "SUCCEEDED"]


@pytest.mark.usefixtures("in_process")
def test_here_a_bad_spec_is_refused() -> None:
    with pytest.raises(WorkflowRefused, match=r"gone\.png"):
        asyncio.run(run_workflow(check_spec(spec(TENANT, "gone.png"))))
    with pytest.raises(SpecUnusable, match="says no kind"):
        asyncio.run(
            run_workflow({"tenant": "a", "name": "b", "branches": [{"name": "c", "jobs": [{}]}]})
        )  # type: ignore[arg-type]


def test_what_is_registered_is_in_the_way_in() -> None:
    """Only the flow of this name is public; its parameters are the spec's schema."""
    schema = run_workflow.parameters.model_dump()
    job = schema["definitions"]["BranchSpec"]["properties"]["jobs"]["items"]
    assert job["discriminator"]["propertyName"] == "kind"
    assert schema["required"] == ["spec"]
    for model in ("WorkflowSpec", "BranchSpec", "SegmentCells", "TissueMaskJob"):
        fields = schema["definitions"][model]["properties"]
        assert all("description" in field for name, field in fields.items() if name != "kind")
