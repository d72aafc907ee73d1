"""The server does, step by step, what the policy alone would do."""

import asyncio
import random
from dataclasses import replace
from uuid import UUID

from prefect.states import Failed

from slideloom.scheduling.decide import decide
from slideloom.scheduling.state import Branch, Job, JobState, Limits, Place, Workflow
from tests.dispatcher.house import House, dispatching, eventually, limits, opened

_LIMITS = Limits(max_workers=3, max_active_users=2)
_SEED = 7


class Shadow:
    """The same workflows under the policy alone, as the simulator plays them."""

    def __init__(self) -> None:
        self.workflows: dict[str, Workflow] = {}
        self.places: tuple[Place, ...] = ()

    def submit(self, workflow: Workflow) -> None:
        self.workflows[workflow.id] = workflow
        self._step(workflow.created_s)

    def end(self, job: str, state: JobState, now_s: float) -> None:
        self._set(job, state)
        self._step(now_s)

    def running(self) -> set[str]:
        return {
            job.id
            for workflow in self.workflows.values()
            for branch in workflow.branches
            for job in branch.jobs
            if job.state is JobState.RUNNING
        }

    def _step(self, now_s: float) -> None:
        open_ones = [flow for flow in self.workflows.values() if flow.outcome() is None]
        decision = decide(open_ones, self.places, _LIMITS, now_s)
        self.places = decision.places
        for job in decision.skip:
            self._set(job, JobState.SKIPPED)
        for job in decision.admit:
            self._set(job, JobState.RUNNING)

    def _set(self, job: str, state: JobState) -> None:
        for workflow in self.workflows.values():
            self.workflows[workflow.id] = workflow.with_jobs({job: Job(job, state)})


def test_the_server_runs_what_the_policy_would_run(database_url: str) -> None:
    async def main() -> None:
        async with opened() as house, dispatching(database_url, _settings()):
            await _play(house, Shadow(), random.Random(_SEED))

    asyncio.run(main())


def _settings():
    return limits(
        max_workers=_LIMITS.max_workers, max_active_users=_LIMITS.max_active_users, job_retries=0
    )


async def _play(house: House, shadow: Shadow, chance: random.Random) -> None:
    for tenant in ("a", "b", "c", "d"):
        await _submit(house, shadow, tenant, chance)
        await _agree(house, shadow)
    while running := sorted(shadow.running()):
        slide = chance.choice(running)
        failed = slide in house.ends
        house.let_go(slide)
        shadow.end(slide, JobState.FAILED if failed else JobState.SUCCEEDED, 2e9)
        await _agree(house, shadow)
    assert all(flow.outcome() is not None for flow in shadow.workflows.values())


async def _submit(house: House, shadow: Shadow, tenant: str, chance: random.Random) -> None:
    branches = {name: f"{tenant}{name}0 {tenant}{name}1" for name in "xyz"}
    slides = [slide for listed in branches.values() for slide in listed.split()]
    house.hold(*slides)
    house.ends.update({s: [Failed(message="no")] for s in slides if chance.random() < 0.2})
    workflow, _ = await house.submit(tenant, branches, {"z": ["x"]})
    created = (await house.client.read_flow_run(UUID(workflow))).created
    assert created is not None
    shadow.submit(
        Workflow(
            workflow,
            tenant,
            created.timestamp(),
            tuple(
                Branch(name, tuple(Job(slide) for slide in listed.split()), ("x",) * (name == "z"))
                for name, listed in branches.items()
            ),
        )
    )


async def _agree(house: House, shadow: Shadow) -> None:
    """The jobs that run on the server become those that run in the shadow."""

    async def same() -> bool:
        started = [slide for slide in house.worker.ran if slide in house.gates]
        on_server = {slide for slide in started if not house.gates[slide].is_set()}
        return on_server == shadow.running()

    await eventually(same, f"the server runs {sorted(shadow.running())}")


def test_the_shadow_would_notice_another_order() -> None:
    shadow = Shadow()
    branch = Branch("x", (Job("x0"), Job("x1")))
    shadow.submit(Workflow("w", "a", 1.0, (branch, replace(branch, name="y", jobs=(Job("y0"),)))))
    assert shadow.running() == {"x0", "y0"}
    shadow.end("x0", JobState.FAILED, 2.0)
    assert shadow.running() == {"y0"}
