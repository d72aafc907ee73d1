"""Workflows and jobs as tenants see them."""

from datetime import datetime

from pydantic import Field

from gateway.body import Body
from slideloom.scheduling.state import JobState, Reason


class TilesOut(Body):
    """How far a segmentation is."""

    done: int = Field(ge=0, description="Tiles that are segmented.")
    total: int = Field(ge=0, description="Tiles to segment.")


class ErrorOut(Body):
    """Why something has failed."""

    code: str = Field(description="What went wrong, for programs, such as `slide_unreadable`.")
    message: str = Field(description="What went wrong, for people.")
    hint: str = Field(description="What to do about it.")


class JobOut(Body):
    """A job: one long image task on one slide."""

    id: str = Field(description="Its id.")
    workflow: str = Field(description="Id of its workflow.")
    branch: str = Field(description="Name of its branch.")
    number: int = Field(ge=1, description="Its number in the branch, from 1.")
    kind: str = Field(description="Kind of job; `GET /api/v1/kinds` lists all.")
    slide: str = Field(description="The slide, below your slides.")
    mpp: float | None = Field(
        description="µm per level-0 pixel as it was submitted; none: as the slide says."
    )
    state: JobState = Field(description="Where it is; SKIPPED: what it needs did not succeed.")
    reason: Reason | None = Field(
        description="Why a PENDING job waits; none: the scheduler has not said so yet."
    )
    waits: str | None = Field(description="What it waits for, in words; none: for nothing.")
    tiles: TilesOut | None = Field(description="How far it is; none: not told yet.")
    attempt: int = Field(ge=0, description="How often it has been started.")
    created: datetime | None = Field(description="When it was made.")
    started: datetime | None = Field(description="When it was started first; none: not yet.")
    ended: datetime | None = Field(description="When it ended; none: it has not.")
    message: str = Field(description="What its state says, for people; may be empty.")
    error: ErrorOut | None = Field(description="Why it has FAILED; otherwise none.")


class BranchOut(Body):
    """Jobs that run one after the other."""

    name: str = Field(description="Its name.")
    needs: list[str] = Field(description="Branches that must have succeeded before it starts.")
    jobs: list[JobOut] = Field(description="Its jobs in order; none until they are made.")


class WorkflowOut(Body):
    """A workflow without its jobs."""

    id: str = Field(description="Its id.")
    name: str = Field(description="Its name, as submitted.")
    state: JobState = Field(
        description="PENDING until a worker has taken it, RUNNING until all its jobs have ended, "
        "then as they did."
    )
    message: str = Field(description="What its state says, for people; may be empty.")
    created: datetime = Field(description="When it was submitted.")
    jobs_ended: int = Field(ge=0, description="Jobs that have ended.")
    jobs_total: int = Field(ge=0, description="Jobs in all.")


class WorkflowDetailOut(WorkflowOut):
    """A workflow with its jobs."""

    branches: list[BranchOut] = Field(description="Its branches, as submitted.")
    error: ErrorOut | None = Field(description="Why it has FAILED; otherwise none.")


class WorkflowsOut(Body):
    """A page of workflows, the newest first."""

    items: list[WorkflowOut] = Field(description="The workflows; a page may hold fewer than asked.")
    next: str | None = Field(description="`cursor` of the next page; none: this is the last one.")


class JobsOut(Body):
    """A page of jobs, the newest first."""

    items: list[JobOut] = Field(description="The jobs; a page may hold fewer than asked.")
    next: str | None = Field(description="`cursor` of the next page; none: this is the last one.")
