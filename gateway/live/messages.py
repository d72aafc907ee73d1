"""What is sent to watchers: one JSON object a message, told apart by its `type`."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gateway.live.steps import Step
from runs.views import JobView, WorkflowView
from slideloom.scheduling.state import JobState, Reason

Clean = Callable[[str], str]
"""Takes out of a text what a tenant must not see."""


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StepOut(_Out):
    """A state that the run has taken, as Prefect names it."""

    name: str = Field(description="Its name, such as `Queued`, `Running` or `Completed`.")
    kind: str = Field(description="Its type, such as `PAUSED`, `RUNNING` or `COMPLETED`.")
    at: datetime = Field(description="When it was taken.")
    message: str = Field(description="What it says.")


class JobOut(_Out):
    """A job."""

    id: str = Field(description="The job's id.")
    tenant: str = Field(description="Whose it is.")
    workflow: str = Field(description="Id of its workflow.")
    branch: str = Field(description="Name of its branch.")
    number: int = Field(description="Its number in the branch, from 1.")
    kind: str = Field(description="`segment_cells` or `tissue_mask`.")
    slide: str = Field(description="The slide, as it was submitted.")
    state: JobState = Field(description="Where it is.")
    reason: Reason | None = Field(description="Why it waits, once that has been said.")
    attempt: int = Field(description="How often it has been started.")
    done: int | None = Field(description="Tiles that are segmented; none: not told yet.")
    total: int | None = Field(description="Tiles to segment; none: not told yet.")
    message: str = Field(description="What its state says.")
    error: str | None = Field(description="Name of the error that no retry helps against.")
    waits: str = Field(description="What it waits for while it runs; empty: it is at work.")


class BranchOut(_Out):
    """A branch with those of its jobs that have been created, in order."""

    name: str = Field(description="Its name.")
    needs: list[str] = Field(description="Branches that must have succeeded before.")
    jobs: list[JobOut] = Field(description="Its jobs.")


class WorkflowOut(_Out):
    """A workflow with its branches."""

    id: str = Field(description="The workflow's id.")
    tenant: str = Field(description="Whose it is.")
    name: str = Field(description="Its name.")
    state: JobState = Field(description="Where it is.")
    message: str = Field(description="What its state says.")
    created: datetime = Field(description="When it was submitted.")
    done: int = Field(description="Jobs that have ended.")
    total: int = Field(description="Jobs in all.")
    branches: list[BranchOut] = Field(description="Its branches.")


class _Message(_Out):
    seq: int = Field(1, ge=1, description="Counts this socket's messages, from 1, without gaps.")


class Snapshot(_Message):
    """All there is to know now; the first message, and again where some were left out."""

    type: Literal["snapshot"] = "snapshot"
    resync: bool = Field(description="Whether messages were left out: the reader was too slow.")
    workflow: WorkflowOut | None = Field(None, description="The workflow that is watched.")
    job: JobOut | None = Field(None, description="The job that is watched.")


class StateChanged(_Message):
    """A job has been created, or has changed its state."""

    type: Literal["state"] = "state"
    job: JobOut = Field(description="The job as it is now.")
    steps: list[StepOut] = Field(
        description="Every state that its run has taken since the last message, in order."
    )


class WorkflowChanged(_Message):
    """The workflow itself has changed, or one more of its jobs has ended."""

    type: Literal["workflow"] = "workflow"
    workflow: str = Field(description="The workflow's id.")
    state: JobState = Field(description="Where it is.")
    message: str = Field(description="What its state says.")
    done: int = Field(description="Jobs that have ended.")
    total: int = Field(description="Jobs in all.")
    steps: list[StepOut] = Field(
        description="Every state that its own run has taken since the last message, in order."
    )


class ProgressMade(_Message):
    """A job has segmented more tiles, or waits for something else."""

    type: Literal["progress"] = "progress"
    job: str = Field(description="The job's id.")
    done: int | None = Field(description="Tiles that are segmented; none: not told yet.")
    total: int | None = Field(description="Tiles to segment; none: not told yet.")
    waits: str = Field(description="What it waits for while it runs; empty: it is at work.")


class ReasonChanged(_Message):
    """A queued job waits for something else."""

    type: Literal["reason"] = "reason"
    job: str = Field(description="The job's id.")
    reason: Reason | None = Field(description="Why it waits; none: it has not been said.")


class Ended(_Message):
    """Nothing more happens by itself to what is watched; a retry would be told here, too."""

    type: Literal["ended"] = "ended"
    what: Literal["workflow", "job"] = Field(description="What has ended.")
    id: str = Field(description="Its id.")
    state: JobState = Field(description="How.")


class Removed(_Message):
    """Somebody has deleted it."""

    type: Literal["removed"] = "removed"
    what: Literal["workflow", "job"] = Field(description="What is gone.")
    id: str = Field(description="Its id.")


class Heartbeat(_Message):
    """Nothing has changed, and the door still stands."""

    type: Literal["heartbeat"] = "heartbeat"


Message = Annotated[
    Snapshot
    | StateChanged
    | WorkflowChanged
    | ProgressMade
    | ReasonChanged
    | Ended
    | Removed
    | Heartbeat,
    Field(discriminator="type"),
]
MESSAGES: TypeAdapter[Message] = TypeAdapter(Message)
"""Reads any message."""


def body_of(message: _Message) -> str:
    """The message as JSON without its number: it is written once for all sockets."""
    return message.model_dump_json(exclude={"seq"})


def numbered(body: str, seq: int) -> str:
    """The message as it is sent."""
    return f'{{"seq":{seq},{body[1:]}'


def job_out(view: JobView, clean: Clean) -> JobOut:
    """A job as tenants see it: not where the operator keeps its result."""
    shown = {name: value for name, value in asdict(view).items() if name in JobOut.model_fields}
    texts = {name: clean(shown[name]) for name in ("slide", "message", "waits")}
    return JobOut(**shown | texts)


def workflow_out(view: WorkflowView, clean: Clean) -> WorkflowOut:
    """A workflow as tenants see it."""
    branches = [
        BranchOut(
            name=branch.name,
            needs=list(branch.needs),
            jobs=[job_out(job, clean) for job in branch.jobs],
        )
        for branch in view.branches
    ]
    return WorkflowOut(
        id=view.id,
        tenant=view.tenant,
        name=view.name,
        state=view.state,
        message=clean(view.message),
        created=view.created,
        done=view.done,
        total=view.total,
        branches=branches,
    )


def steps_out(steps: Iterable[Step], clean: Clean) -> list[StepOut]:
    """Steps as tenants see them."""
    return [
        StepOut(name=step.name, kind=step.kind, at=step.at, message=clean(step.message))
        for step in steps
    ]
