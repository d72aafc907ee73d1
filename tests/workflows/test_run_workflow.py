"""A workflow's own run on a server: refused in one line, or accepted, suspended and closed."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled, Completed, Failed, Scheduled

from runs import creation, labels
from runs.creation import read_jobs
from runs.states import AWAITING, QUEUED
from slideloom.settings import settings
from tests.helpers.files import drawn_slide
from tests.workflows.server import (
    TENANT,
    add_tenant,
    admit,
    carry_out,
    end_jobs,
    on_server,
    spec,
    submit,
)

pytestmark = pytest.mark.usefixtures("house")


def refused(stated: Any) -> str:
    """What a workflow is refused with."""

    async def act(client: PrefectClient) -> str:
        workflow = await submit(client, stated)
        run = await carry_out(client, workflow)
        assert run.state is not None
        assert (run.state.type, run.state.name) == (StateType.FAILED, "Refused")
        assert await read_jobs(client, workflow) == []
        return run.state.message or ""

    said = on_server(act)
    assert "\n" not in said
    assert "Traceback" not in said
    return said


def test_a_bad_spec_is_refused_as_the_checker_says() -> None:
    stated = spec(TENANT, "a.png")
    stated["branches"][0]["jobs"][0]["tisue"] = "off"
    assert refused(stated) == (
        "branch 'one', job 1, tisue: is not a field: check its spelling or take it out"
    )


@pytest.mark.parametrize("stated", ["nothing", None, 7, [], {"tenant": "alice"}])
def test_what_is_no_spec_at_all_is_refused(stated: Any) -> None:
    assert refused(stated)


def test_an_unknown_tenant_is_refused() -> None:
    assert "tenant 'nobody' is not known" in refused(spec("nobody", "a.png"))


def limit_of(tenant: str) -> int | None:
    """How many of the tenant's shards may run at once; nothing: Prefect would not limit them."""

    async def act(client: PrefectClient) -> int | None:
        limits = await client.read_global_concurrency_limits(limit=200)
        found = {limit.name: limit.limit for limit in limits}
        return found.get(f"tag:gpu-tenant:{tenant}")

    return on_server(act)


def test_a_tenant_from_prefects_form_gets_its_limit_with_its_first_workflow(house: Path) -> None:
    on_server(lambda _: add_tenant("form", house))
    refused(spec("form", "gone.png"))
    assert limit_of("form") is None

    stated = spec("form", "a.png")
    assert on_server(lambda client: _carried(client, stated)).state_name == AWAITING
    assert limit_of("form") == settings().tenant_gpu_limit
    on_server(lambda _: add_tenant("form", house, gpu_limit=7))
    assert on_server(lambda client: _carried(client, stated)).state_name == AWAITING
    assert limit_of("form") == 7


def test_what_an_operator_has_set_stays_while_nobody_states_a_limit(house: Path) -> None:
    on_server(lambda _: add_tenant("kept", house))
    wanted = GlobalConcurrencyLimitCreate(name="tag:gpu-tenant:kept", limit=5)
    on_server(lambda client: client.create_global_concurrency_limit(wanted))
    on_server(lambda client: _carried(client, spec("kept", "a.png")))
    assert limit_of("kept") == 5


async def _carried(client: PrefectClient, stated: Any) -> FlowRun:
    return await carry_out(client, await submit(client, stated))


def test_all_slides_that_cannot_be_used_are_named(house: Path) -> None:
    (house / "slides" / "broken.png").write_bytes(b"no picture")
    stated = spec(TENANT, "a.png", "gone.png", "broken.png")
    stated["branches"][0]["jobs"].append({"kind": "tissue_mask", "slide": "b.png"})
    said = refused(stated)
    assert all(word in said for word in ("gone.png", "broken.png", "b.png"))
    assert "/a.png" not in said


def test_slides_outside_the_tenants_folder_and_models_by_path_are_refused(house: Path) -> None:
    drawn_slide(house / "other.png", 300, 200)
    stated = spec(TENANT, "../other.png")
    segment = {"kind": "segment_cells", "slide": "a.png", "mpp": 0.5, "model": "./model.pt"}
    stated["branches"][0]["jobs"] += [segment, {**segment, "model": "oracle", "tissue": "../m.png"}]
    said = refused(stated)
    assert all(word in said for word in ("../other.png", "./model.pt", "../m.png"))


def test_an_unknown_model_is_refused() -> None:
    job = {"kind": "segment_cells", "slide": "a.png", "mpp": 0.5, "model": "nonesuch"}
    stated = spec(TENANT)
    stated["branches"][0]["jobs"] = [job, job]
    assert refused(stated).count("nonesuch") == 1


def test_no_more_than_ten_problems_are_told() -> None:
    said = refused(spec(TENANT, *(f"gone{number}.png" for number in range(12))))
    assert said.count("gone") >= 10
    assert said.endswith("and 2 more")


def two_branches() -> dict[str, Any]:
    segment = {"kind": "segment_cells", "slide": "b.png", "mpp": 0.5, "tile_size": 256}
    stated = spec(TENANT, "a.png", "b.png")
    stated["branches"].append({"name": "two", "needs": ["one"], "jobs": [segment]})
    return stated


def test_accepted_it_has_its_jobs_queued_and_is_suspended(house: Path) -> None:
    async def act(client: PrefectClient) -> None:
        workflow = await submit(client, two_branches())
        run = await carry_out(client, workflow)
        assert run.state is not None
        assert (run.state.type, run.state.name) == (StateType.PAUSED, AWAITING)
        assert run.state.message == "3 jobs in 2 branches"
        assert run.state.state_details.pause_reschedule
        assert run.name == "alice: test"
        assert {"tenant:alice", f"workflow:{workflow}"} <= set(run.tags)
        jobs = await read_jobs(client, workflow)
        assert [job.name for job in jobs] == ["tissue of a.png", "tissue of b.png", "segment b.png"]
        last = jobs[-1]
        assert (last.type, last.state) == (StateType.PAUSED, QUEUED)
        assert (last.tenant, last.branch, last.index, last.jobs) == (TENANT, 1, 0, 3)
        assert last.tags == {
            "tenant:alice",
            f"workflow:{workflow}",
            "branch:two",
            "kind:segment_cells",
        }
        job, out = last.parameters["job"], last.parameters["out"]
        assert job["slide"] == str(house / "slides" / "b.png")
        assert (job["model"], job["overlap"]) == ("oracle", settings().tile_overlap)
        assert out == str(house / "results" / TENANT / str(workflow) / "1-0")
        wanted = FlowRunFilterParentFlowRunId(any_=[workflow])
        children = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(parent_flow_run_id=wanted)
        )
        assert {str(child.id) for child in children} == {job.id for job in jobs}
        assert {child.empirical_policy.retries for child in children} == {-1}

    on_server(act)


def test_resumed_too_early_it_suspends_again() -> None:
    async def act(client: PrefectClient) -> None:
        workflow = await submit(client, two_branches())
        await carry_out(client, workflow)
        await end_jobs(client, workflow, Completed())
        await client.resume_flow_run(workflow)
        run = await carry_out(client, workflow)
        assert run.state is not None
        assert run.state.name == AWAITING
        assert len(await read_jobs(client, workflow)) == 3

    on_server(act)


@pytest.mark.parametrize(
    ("ends", "type_", "said"),
    [
        ([Completed()] * 3, StateType.COMPLETED, "3 jobs succeeded"),
        (
            [Completed(), Failed(), Cancelled(name="Skipped")],
            StateType.FAILED,
            "1 of 3 jobs failed: tissue of b.png (one)",
        ),
        (
            [Cancelled(), Cancelled(name="Skipped"), Cancelled(name="Skipped")],
            StateType.CANCELLED,
            "1 of 3 jobs were cancelled: tissue of a.png (one)",
        ),
    ],
)
def test_it_ends_as_its_jobs_did(ends: list[Any], type_: StateType, said: str) -> None:
    async def act(client: PrefectClient) -> FlowRun:
        workflow = await submit(client, two_branches())
        await carry_out(client, workflow)
        await end_jobs(client, workflow, *ends)
        await client.resume_flow_run(workflow)
        run = await carry_out(client, workflow)
        assert run.state is not None
        assert (run.state.type, run.state.message) == (type_, said)
        shown = await client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[workflow]))
        )
        (table,) = [str(artifact.data) for artifact in shown if artifact.key == "jobs"]
        assert "tissue of a.png" in table
        return run

    on_server(act)


def test_cut_off_while_it_makes_jobs_it_makes_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation, "_ROUNDS", (1, 1))
    real, left = creation._make, [2]

    async def breaking(client: PrefectClient, *rest: Any) -> None:
        await real(client, *rest)
        left[0] -= 1
        if left[0] == 0:
            raise httpx.ConnectError("gone")

    monkeypatch.setattr(creation, "_make", breaking)

    async def act(client: PrefectClient) -> None:
        workflow = await submit(client, two_branches())
        run = await carry_out(client, workflow)
        assert run.state is not None
        assert run.state.type is StateType.FAILED
        first = {job.id for job in await read_jobs(client, workflow)}
        assert len(first) == 2
        await client.set_flow_run_state(workflow, Scheduled(), force=True)
        run = await carry_out(client, workflow)
        assert run.state is not None
        assert run.state.name == AWAITING
        jobs = await read_jobs(client, workflow)
        assert len(jobs) == 3
        assert first < {job.id for job in jobs}

    on_server(act)


def test_a_job_that_breaks_runs_once_and_prefect_does_not_try_it_again(house: Path) -> None:
    async def act(client: PrefectClient) -> None:
        workflow = await submit(client, spec(TENANT, "a.png"))
        await carry_out(client, workflow)
        (job,) = await read_jobs(client, workflow)
        (house / "slides" / "a.png").write_bytes(b"damaged since it was submitted")
        await admit(client, job)
        run = await carry_out(client, UUID(job.id))
        assert run.state is not None
        assert run.state.type is StateType.FAILED
        assert run.labels[labels.ERROR] == "SlideUnreadable"
        response = await client.request("GET", "/flow_run_states/", params={"flow_run_id": job.id})
        assert [state["name"] for state in response.json()].count("Running") == 1

    on_server(act)
