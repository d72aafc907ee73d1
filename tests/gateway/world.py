"""Workflows made up for tests of the hub, and what a watcher makes of the messages it gets."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gateway.answers import JobOut, WorkflowDetailOut, WorkflowOut
from gateway.live.hub import Hub, Pace
from gateway.live.messages import MESSAGES
from gateway.live.steps import BEGINNING, Step
from gateway.live.topic import Reading
from gateway.showing import show_job, show_line
from runs.views import BranchView, JobView, RunUnknown, WorkflowView
from slideloom.scheduling.state import JobState, Reason

START = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = Pace(interval_s=0.0, recheck_s=0.02, spread_s=0.0)
KINDS = {
    "PAUSED": JobState.PENDING,
    "RUNNING": JobState.RUNNING,
    "COMPLETED": JobState.SUCCEEDED,
    "CANCELLED": JobState.CANCELLED,
}


@dataclass
class Job:
    """A job with all states it has taken."""

    id: str
    history: list[Step] = field(default_factory=list)
    done: int = 0
    reason: Reason | None = None


class World:
    """The truth, as the hub's source."""

    def __init__(self, workflows: int = 1, jobs: int = 2, lag: int = 0) -> None:
        self.lag = lag
        self.reads = self.renewals = self.histories = 0
        self.jobs = {
            f"w{number}": [Job(f"w{number}j{each}") for each in range(jobs)]
            for number in range(workflows)
        }
        for workflow, members in self.jobs.items():
            for number in range(len(members)):
                self.step(workflow, number, "PAUSED")

    def step(self, workflow: str, number: int, kind: str) -> Step:
        """A job takes a state; the event of it."""
        history = self.jobs[workflow][number].history
        job, count = self.jobs[workflow][number].id, len(history)
        before = history[-1].id if history else BEGINNING
        at = START + timedelta(seconds=count)
        history.append(Step(f"{job}.{count}", at, kind.title(), kind, str(count), before))
        return history[-1]

    def add(self, workflow: str) -> Step:
        """One more job; the event of it."""
        self.jobs[workflow].append(Job(f"{workflow}j{len(self.jobs[workflow])}"))
        return self.step(workflow, len(self.jobs[workflow]) - 1, "PAUSED")

    def view(self, workflow: str) -> WorkflowView:
        """The workflow as it is."""
        jobs = tuple(_view(workflow, number, job) for number, job in enumerate(self.jobs[workflow]))
        return WorkflowView(
            id=workflow,
            tenant="alice",
            name=workflow,
            state=JobState.RUNNING,
            message="",
            created=START,
            done=sum(job.ended for job in jobs),
            total=len(jobs),
            branches=(BranchView("one", (), jobs),),
        )

    async def read(self, workflow: str) -> Reading:
        """The workflow as it was a moment ago."""
        self.reads += 1
        if workflow not in self.jobs:
            raise RunUnknown("there is none")
        now = {job.id: job.history[-1] for job in self.jobs[workflow]}
        now[workflow] = Step(f"{workflow}.0", START, "Running", "RUNNING", "")
        reading = Reading(self.view(workflow), now)
        for _ in range(self.lag):
            await asyncio.sleep(0)
        return reading

    async def renew(self, old: Reading, runs: frozenset[str]) -> Reading:
        """The same with these jobs as they were a moment ago."""
        whole = await self.read(old.view.id)
        self.renewals += 1
        jobs = {job.id: job for job in old.view.jobs if job.id not in runs}
        jobs |= {job.id: job for job in whole.view.jobs if job.id in runs}
        ordered = tuple(job for job in whole.view.jobs if job.id in jobs)
        shown = tuple(jobs[job.id] for job in ordered)
        view = replace(
            whole.view,
            branches=(BranchView("one", (), shown),),
            done=sum(job.ended for job in shown),
        )
        now = {job: whole.now[job] if job in runs else old.now[job] for job in jobs}
        return Reading(view, now | {old.view.id: whole.now[old.view.id]})

    async def history(self, run: str) -> Sequence[Step]:
        """All states of a job."""
        self.histories += 1
        await asyncio.sleep(0)
        (job,) = (job for jobs in self.jobs.values() for job in jobs if job.id == run)
        # Prefect's history does not say what a state follows.
        return [replace(step, follows=None) for step in job.history]


def _view(workflow: str, number: int, job: Job) -> JobView:
    now = job.history[-1]
    return JobView(
        id=job.id,
        tenant="alice",
        workflow=workflow,
        branch="one",
        number=number + 1,
        kind="tissue_mask",
        slide="a.png",
        state=KINDS[now.kind],
        reason=job.reason,
        attempt=1,
        done=job.done,
        total=100,
        message=now.message,
        folder="/operators/own/folder",
        error=None,
    )


class Reader:
    """What a watcher knows from its messages alone; it checks them on the way.

    Args:
        hub: What it is connected to.
        world: The truth.
        workflow: What it watches.
        job: The one job of it that it watches; None: all.
        room: Messages that may wait for it.
    """

    def __init__(
        self, hub: Hub, world: World, workflow: str, job: str | None = None, room: int = 64
    ) -> None:
        self._hub, self._world, self.workflow, self.job = hub, world, workflow, job
        self._room = room
        self.jobs: dict[str, JobOut] = {}
        self.line: WorkflowOut | None = None
        self.steps: dict[str, list[int]] = {}
        self.types: list[str] = []
        self.resyncs = 0
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def run(self) -> None:
        """Read on and on, while it may."""
        async with (
            self._hub.topic(self.workflow) as topic,
            self._hub.watching(topic, self.job, self._room) as watcher,
        ):
            while True:
                await self.may_read.wait()
                self.take(await watcher.next(60.0))

    def take(self, text: str) -> None:
        """Understand a message."""
        message = MESSAGES.validate_json(text)
        self.types.append(message.type)
        assert message.seq == len(self.types)
        assert "/operators" not in text
        if message.type == "snapshot":
            assert (message.workflow is None) is (self.job is not None)
            self.resyncs += message.resync
            jobs = _jobs(message.workflow) if message.workflow else [message.job]
            self.jobs = {job.id: job for job in jobs if job}
            self.steps = {job: [int(told.message)] for job, told in self.jobs.items()}
            if message.workflow:
                self.line = _line(message.workflow)
        elif message.type == "state":
            self.jobs[message.job.id] = message.job
            known = self.steps.setdefault(message.job.id, [])
            known += [int(step.message) for step in message.steps]
        elif message.type == "progress":
            self._change(message.job, tiles=message.tiles, waits=message.waits)
        elif message.type == "reason":
            self._change(message.job, reason=message.reason, waits=message.waits)
        elif message.type == "workflow":
            assert self.job is None
            self.line = message.workflow
        assert all(job.workflow == self.workflow for job in self.jobs.values())
        assert self.job is None or set(self.jobs) == {self.job}

    def _change(self, job: str, **fields: object) -> None:
        self.jobs[job] = self.jobs[job].model_copy(update=fields)

    def knows_the_truth(self) -> bool:
        """Whether it would show what is."""
        truth = self._world.view(self.workflow)
        mine = [show_job(job, str) for job in truth.jobs if self.job in (None, job.id)]
        return list(self.jobs.values()) == mine and (
            self.job is not None or self.line == show_line(truth, str)
        )

    def missed_nothing(self) -> bool:
        """Whether every state since its last snapshot was told, once, in order."""
        return all(
            steps == list(range(steps[0], steps[0] + len(steps))) for steps in self.steps.values()
        )


def _line(workflow: WorkflowDetailOut) -> WorkflowOut:
    return WorkflowOut(**{name: getattr(workflow, name) for name in WorkflowOut.model_fields})


def _jobs(workflow: WorkflowDetailOut) -> list[JobOut]:
    return [job for branch in workflow.branches for job in branch.jobs]
