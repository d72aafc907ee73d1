"""What the server knows of a run."""

import asyncio

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterParentFlowRunId,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, TaskRun


def flow_run(name: str) -> FlowRun:
    """The one flow run of this name."""

    async def read() -> FlowRun:
        async with get_client() as client:
            wanted = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
            (found,) = await client.read_flow_runs(flow_run_filter=wanted)
            return found

    return asyncio.run(read())


def subflow_runs(parent: FlowRun) -> dict[str, FlowRun]:
    """Its subflow runs by name."""

    async def read() -> list[FlowRun]:
        async with get_client() as client:
            wanted = FlowRunFilter(
                parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[parent.id])
            )
            return await client.read_flow_runs(flow_run_filter=wanted)

    return {run.name: run for run in asyncio.run(read())}


def artifacts(runs: list[FlowRun]) -> dict[str, Artifact]:
    """The runs' artifacts by key."""

    async def read() -> list[Artifact]:
        async with get_client() as client:
            ids = ArtifactFilterFlowRunId(any_=[run.id for run in runs])
            return await client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ids))

    return {artifact.key or "": artifact for artifact in asyncio.run(read())}


def task_runs(run: FlowRun) -> list[TaskRun]:
    """Its task runs."""

    async def read() -> list[TaskRun]:
        async with get_client() as client:
            wanted = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run.id]))
            return await client.read_task_runs(task_run_filter=wanted)

    return asyncio.run(read())
