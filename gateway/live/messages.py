"""What is sent to watchers: one JSON object a message, told apart by its `type`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from gateway.answers import ErrorOut, JobOut, TilesOut, WorkflowDetailOut, WorkflowOut
from gateway.body import Body
from gateway.live.steps import Step
from gateway.showing import Clean
from slideloom.scheduling.state import JobState, Reason


class StepOut(Body):
    """A state that the run has taken, as Prefect names it."""

    name: str = Field(description="Its name, such as `Queued`, `Running` or `Completed`.")
    kind: str = Field(description="Its type, such as `PAUSED`, `RUNNING` or `COMPLETED`.")
    at: datetime = Field(description="When it was taken.")
    message: str = Field(description="What it says.")


class _Message(Body):
    seq: int = Field(1, ge=1, description="Counts this socket's messages, from 1, without gaps.")


class Snapshot(_Message):
    """All there is to know now; the first message, and again where some were left out."""

    type: Literal["snapshot"] = "snapshot"
    resync: bool = Field(description="Whether messages were left out: the reader was too slow.")
    workflow: WorkflowDetailOut | None = Field(None, description="The workflow that is watched.")
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
    workflow: WorkflowOut = Field(description="The workflow as it is now, without its jobs.")
    error: ErrorOut | None = Field(description="Why it has FAILED; otherwise none.")
    steps: list[StepOut] = Field(
        description="Every state that its own run has taken since the last message, in order."
    )


class ProgressMade(_Message):
    """A job has segmented more tiles, or waits for something else."""

    type: Literal["progress"] = "progress"
    job: str = Field(description="The job's id.")
    tiles: TilesOut | None = Field(description="How far it is; none: not told yet.")
    waits: str | None = Field(description="What it waits for, in words; none: for nothing.")


class ReasonChanged(_Message):
    """A queued job waits for something else."""

    type: Literal["reason"] = "reason"
    job: str = Field(description="The job's id.")
    reason: Reason | None = Field(description="Why it waits; none: it has not been said.")
    waits: str | None = Field(description="The same in words.")


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


def steps_out(steps: Iterable[Step], clean: Clean) -> list[StepOut]:
    """Steps as tenants see them."""
    return [
        StepOut(name=step.name, kind=step.kind, at=step.at, message=clean(step.message))
        for step in steps
    ]
