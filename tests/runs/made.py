"""Workflows and jobs put on a server as the product puts them there, in any state."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, WorkPoolCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import Flow

from runs import labels
from runs.names import (
    CONTROL,
    JOB_DEPLOYMENTS,
    JOBS,
    RUN_WORKFLOW,
    branch_tag,
    tenant_tag,
    workflow_tag,
)
from runs.states import awaiting, queued

_BATCH = 20
"""More at a time, and SQLite is locked for everybody else too long."""

Branches = Mapping[str, Sequence[str]]
"""Slides of each branch; a name `b<a` is that of a branch `b` that needs `a`."""


@dataclass(frozen=True)
class Made:
    """A workflow on the server: its id, and its jobs' by slide."""

    id: str
    tenant: str
    jobs: dict[str, str]


def unique(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


async def deploy(client: PrefectClient) -> dict[str, UUID]:
    """Pools and deployments under their names; their ids."""
    for pool in (CONTROL, JOBS):
        with contextlib.suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    ids = {}
    for full in (RUN_WORKFLOW, *JOB_DEPLOYMENTS.values()):
        flow, name = full.split("/")
        pool = CONTROL if full == RUN_WORKFLOW else JOBS
        flow_id = await client.create_flow(Flow(lambda: None, name=flow))
        ids[full] = await client.create_deployment(flow_id, name, work_pool_name=pool)
    return ids


def spec_of(tenant: str, branches: Branches, name: str = "made") -> dict[str, Any]:
    stated = []
    for title, slides in branches.items():
        branch, _, need = title.partition("<")
        jobs = [{"kind": "tissue_mask", "slide": slide} for slide in slides]
        stated.append({"name": branch, "needs": [need] if need else [], "jobs": jobs})
    return {"tenant": tenant, "name": name, "branches": stated}


async def make_workflow(
    client: PrefectClient,
    branches: Branches,
    tenant: str = "",
    state: State[Any] | None = None,
) -> Made:
    """A workflow whose jobs all wait."""
    ids, tenant = await deploy(client), tenant or unique("tenant")
    run = await client.create_flow_run_from_deployment(
        ids[RUN_WORKFLOW],
        parameters={"spec": spec_of(tenant, branches)},
        tags=[tenant_tag(tenant)],
        state=state or awaiting("2 jobs"),
    )
    return Made(str(run.id), tenant, await make_jobs(client, run, tenant, branches))


async def make_jobs(
    client: PrefectClient, run: FlowRun, tenant: str, branches: Branches
) -> dict[str, str]:
    """The jobs of a workflow's run."""
    ids = await deploy(client)
    total = sum(map(len, branches.values()))
    wanted = [
        _job(run, tenant, (number, index, total), title.partition("<")[0], slide)
        for number, (title, slides) in enumerate(branches.items())
        for index, slide in enumerate(slides)
    ]
    made: dict[str, str] = {}
    for start in range(0, total, _BATCH):
        part = wanted[start : start + _BATCH]
        deployment = ids[JOB_DEPLOYMENTS["tissue_mask"]]
        path = f"/deployments/{deployment}/create_flow_run/bulk"
        made.update(await _at_once(client, path, part))
    return made


async def _at_once(client: PrefectClient, path: str, jobs: list[dict[str, Any]]) -> dict[str, str]:
    """Create some runs; all again, by the same keys, while SQLite has no time for one."""
    while True:
        answer = await client.request("POST", path, json=jobs)  # type: ignore[arg-type]
        results = answer.json()["results"]
        if all(result["status"] == "CREATED" for result in results):
            slides = [job["parameters"]["job"]["slide"] for job in jobs]
            return {
                slide: result["flow_run_id"] for slide, result in zip(slides, results, strict=True)
            }


def _job(
    run: FlowRun, tenant: str, place: tuple[int, int, int], branch: str, slide: str
) -> dict[str, Any]:
    number, index, total = place
    return {
        "parameters": {"job": {"kind": "tissue_mask", "slide": slide}, "out": f"/out/{slide}"},
        "state": queued().model_dump(mode="json", include={"type", "name", "message"})
        | {"state_details": {"pause_reschedule": True}},
        "idempotency_key": f"{run.id}/{number}/{index}",
        "tags": [tenant_tag(tenant), workflow_tag(run.id), branch_tag(branch)],
        "labels": {
            labels.TENANT: tenant,
            labels.WORKFLOW: str(run.id),
            labels.BRANCH: number,
            labels.INDEX: index,
            labels.JOBS: total,
        },
    }


async def put(client: PrefectClient, run_id: str, state: State[Any], **written: Any) -> None:
    """Give a run a state, after labels."""
    if written:
        content = {f"slideloom.{name}": value for name, value in written.items()}
        await client.update_flow_run_labels(UUID(run_id), content)
    await client.set_flow_run_state(UUID(run_id), state, force=True)


async def tell_tiles(client: PrefectClient, run_id: str, done: int, total: int) -> None:
    """What a job's flow shows of its progress."""
    await client.create_artifact(
        ArtifactCreate(
            key="tiles",
            type="progress",
            data=round(100 * done / total, 1),
            description=f"{total} tiles to segment",
            flow_run_id=UUID(run_id),
        )
    )
