"""How busy the house is: what a tenant may know of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from gateway.board import Board
from gateway.body import Body
from gateway.scope import TenantScope
from runs.house import Jobs
from slideloom.settings import settings

router = APIRouter(tags=["status"])


class LimitsOut(Body):
    """How much may run at the same time."""

    max_workers: int = Field(description="Jobs of all tenants.")
    max_active_users: int = Field(description="Tenants with jobs running.")
    gpu: int | None = Field(description="Shards of all tenants; none: no limit is registered.")
    your_gpu: int = Field(description="Your shards.")


class BusyOut(Body):
    """Jobs that have not ended."""

    queued: int = Field(description="Jobs that wait for their turn.")
    running: int = Field(description="Jobs that had their turn and have not ended.")


class StatusOut(Body):
    """How busy the house is; some seconds old."""

    workers: dict[str, int] = Field(description="Workers online by pool: control, jobs, gpu.")
    limits: LimitsOut = Field(description="The limits that hold.")
    active_tenants: int = Field(description="Tenants that hold a place now.")
    all: BusyOut = Field(description="Jobs of all tenants.")
    yours: BusyOut = Field(description="Your jobs.")


def board(request: Request) -> Board:
    """The board of this door."""
    found: Board = request.app.state.board
    return found


@router.get("/status")
async def status(mine: TenantScope, board: Annotated[Board, Depends(board)]) -> StatusOut:
    """How busy the house is, and how much of that is yours."""
    house, share = await board.house(), await board.share(mine.tenant)
    stated = settings()
    limits = LimitsOut(
        max_workers=stated.max_workers,
        max_active_users=stated.max_active_users,
        gpu=house.gpu_limit,
        your_gpu=share.gpu_limit,
    )
    return StatusOut(
        workers=house.workers,
        limits=limits,
        active_tenants=house.active_tenants,
        all=_jobs(house.jobs),
        yours=_jobs(share.jobs),
    )


def _jobs(jobs: Jobs) -> BusyOut:
    return BusyOut(queued=jobs.queued, running=jobs.running)
