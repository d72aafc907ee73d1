"""A whole slideloom on loopback: database, server, dispatcher, workers, tenants with slides."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.register import register
from deployments.register.tenants import add_tenant
from deployments.serve.guardian import Guard
from deployments.serve.prefect_server import python
from deployments.serve.processes import Process
from deployments.serve.program import Program
from runs.names import CONTROL, GPU, JOBS, RUN_WORKFLOW
from runs.requests import cancel_job, retry_job
from tests.helpers.slides import drawn_tissue
from tests.helpers.stack import Stack, prefect_on_postgres

MPP = 0.5
_WORKERS = {
    "control": ("deployments.worker", CONTROL, 10),
    "gpu": ("deployments.worker", GPU, 2),
    "gpu-1": ("deployments.worker", GPU, 1),
    "gpu-2": ("deployments.worker", GPU, 1),
    "gpu-3": ("deployments.worker", GPU, 1),
    "jobs-1": ("tests.chaos.slow_worker", JOBS, 3),
    "jobs-2": ("tests.chaos.slow_worker", JOBS, 3),
    "held-1": ("tests.chaos.held_worker", JOBS, 1),
    "held-2": ("tests.chaos.held_worker", JOBS, 1),
    "held-wide": ("tests.chaos.held_worker", JOBS, 5),
}
"""Module, pool and limit of each worker."""


@dataclass
class City:
    """What a test talks to.

    Attributes:
        stack: Database and server.
        folder: Where slides, results and logs are.
        crew: Processes by name: the dispatcher, and workers.
    """

    stack: Stack
    folder: Path
    environment: dict[str, str]
    guard: Guard
    crew: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a member of the crew, or start it again after a kill."""
        process = Process(self._program(name), self.guard)
        self.crew[name] = process
        process.wait_ready()

    def kill(self, name: str) -> None:
        """`kill -9`."""
        self.crew[name].kill()

    def _program(self, name: str) -> Program:
        return Program(
            name=name,
            command=self._command(name),
            environment=self.environment_of(name),
            log=self.folder / f"{name}.log",
            stage=1,
            folder=self.folder,
        )

    def environment_of(self, name: str) -> dict[str, str]:
        """Workers of pool `gpu` have a home each, as if each was on a machine of its own."""
        home = Path(self.environment["SLIDELOOM_HOME"])
        own = home.with_name(f"home-{name}") if name.startswith("gpu") else home
        return {**self.environment, "SLIDELOOM_HOME": str(own)}

    def _command(self, name: str) -> list[str]:
        if name == "dispatcher":
            return python("deployments.dispatcher")
        module, pool, limit = _WORKERS[name]
        if pool == GPU and "TELL" in self.environment:
            module = "tests.shards.telling_worker"
        grace = ["--grace", "1", "--stopping", "10"]
        return [*python(module), pool, "--name", name, "--limit", str(limit), *grace]

    def add_tenants(self, names: list[str]) -> None:
        """Tenants with folders of their own."""
        for name in names:
            slides = self.folder / "slides" / name
            slides.mkdir(parents=True, exist_ok=True)
            given = {"slide_root": str(slides), "result_root": str(self.folder / "results")}
            asyncio.run(add_tenant(name, given))

    def slide(self, tenant: str, name: str) -> Path:
        """A small slide of a tenant."""
        return make_slide(self.folder / "slides" / tenant / name)

    def spec(self, tenant: str, branches: int, jobs: int) -> dict[str, Any]:
        """A workflow of real jobs, each on a slide of its own; the last branch needs the first."""
        listed = [
            {
                "name": f"b{branch}",
                "needs": ["b0"] if branch and branch == branches - 1 else [],
                "jobs": [
                    {
                        "kind": "tissue_mask",
                        "slide": self.slide(tenant, f"{branch}-{job}.png").name,
                        "mpp": MPP,
                    }
                    for job in range(jobs)
                ],
            }
            for branch in range(branches)
        ]
        return {"tenant": tenant, "name": "biopsies", "branches": listed}

    def submit(self, spec: dict[str, Any]) -> str:
        """By the API; the workflow's id."""

        async def create() -> str:
            async with get_client() as client:
                deployment = await client.read_deployment_by_name(RUN_WORKFLOW)
                run = await client.create_flow_run_from_deployment(
                    deployment.id, parameters={"spec": spec}
                )
                return str(run.id)

        return asyncio.run(create())

    def cancel(self, job: str) -> None:
        """As `slideloom cancel` does with a job."""

        async def ask() -> None:
            async with get_client() as client:
                await cancel_job(client, job)

        asyncio.run(ask())

    def retry(self, job: str) -> None:
        """As `slideloom retry` does."""

        async def ask() -> None:
            async with get_client() as client:
                await retry_job(client, job)

        asyncio.run(ask())

    def limit(self, name: str, limit: int) -> None:
        """Set a concurrency limit."""

        async def ask() -> None:
            async with get_client() as client:
                wanted = GlobalConcurrencyLimitUpdate(limit=limit)
                await client.update_global_concurrency_limit(name, wanted)

        asyncio.run(ask())

    def run(self, run_id: str) -> FlowRun:
        """A run as it is now."""

        async def read() -> FlowRun:
            async with get_client() as client:
                return await client.read_flow_run(UUID(run_id))

        return asyncio.run(read())

    def state(self, run_id: str) -> str:
        """Name of a run's state."""
        state = self.run(run_id).state
        return (state.name if state else "") or ""

    def jobs(self, workflow: str) -> list[FlowRun]:
        """Runs of a workflow's jobs, in order of branch and place."""

        async def read() -> list[FlowRun]:
            async with get_client() as client:
                body = {"flow_runs": {"tags": {"all_": [f"workflow:{workflow}"]}}, "limit": 200}
                response = await client.request("POST", "/flow_runs/filter", json=body)
                runs = [FlowRun.model_validate(run) for run in response.json()]
                return [run for run in runs if "slideloom.index" in (run.labels or {})]

        place = ("slideloom.branch", "slideloom.index")
        return sorted(asyncio.run(read()), key=lambda run: [run.labels[key] for key in place])

    def logs(self) -> str:
        """Ends of all logs, for the message of a failed test."""
        ends = [f"== {log.name}\n{log.read_text()[-1500:]}" for log in self.folder.glob("*.log")]
        return "\n".join(ends)


def make_slide(path: Path) -> Path:
    """A slide of 0.06 megapixels."""
    cv2.imwrite(str(path), drawn_tissue(300, 200, seed=len(path.name))[..., ::-1])
    return path


def damage(slide: Path) -> None:
    """Cut a slide off, as a broken copy would."""
    slide.write_bytes(slide.read_bytes()[:100])


@contextmanager
def city(folder: Path, crew: tuple[str, ...], **environment: str) -> Iterator[City]:
    """A slideloom with this crew for the length of the block."""
    with (
        prefect_on_postgres(folder, **environment) as stack,
        temporary_settings({PREFECT_API_URL: stack.api_url}),
    ):
        asyncio.run(register())
        built = City(stack, folder, stack.environment, Guard())
        try:
            for name in crew:
                built.start(name)
            yield built
        finally:
            for process in reversed(built.crew.values()):
                process.kill()
            built.guard.close()
