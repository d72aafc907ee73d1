"""Workers and dispatcher, played by the tests."""

from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from runs.creation import read_jobs
from runs.records import JobRun
from tests.workflows.server import admit, carry_out, gpu_worker, on_server

Spec = dict[str, Any]


def spec(*slides: str, **more: Any) -> Spec:
    """A workflow of one branch, without its tenant."""
    jobs = [{"kind": "tissue_mask", "slide": slide, "mpp": 0.5} for slide in slides or ("a.png",)]
    return {"name": "test", "branches": [{"name": "one", "jobs": jobs}], **more}


def accept(workflow: str) -> list[JobRun]:
    """Let a worker take the workflow and make its jobs; their runs in order."""

    async def act(client: PrefectClient) -> list[JobRun]:
        await carry_out(client, UUID(workflow))
        return await read_jobs(client, UUID(workflow))

    return on_server(act)


def run_jobs(workflow: str) -> None:
    """Let all jobs of an accepted workflow run, one after the other, and the workflow end."""

    async def act(client: PrefectClient) -> None:
        async with gpu_worker(client):
            for job in await read_jobs(client, UUID(workflow)):
                await admit(client, job)
                await carry_out(client, UUID(job.id))
        await client.resume_flow_run(UUID(workflow))
        await carry_out(client, UUID(workflow))

    on_server(act)
