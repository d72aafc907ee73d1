"""Whether the door is open."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from gateway.body import Body
from slideloom import __version__

router = APIRouter(tags=["health"])


class HealthOut(Body):
    """The door is open."""

    status: Literal["ok"] = Field("ok", description="Always `ok`.")
    version: str = Field(description="Version of slideloom.")


@router.get("/health")
async def health() -> HealthOut:
    """Whether the door is open; asks nobody else."""
    return HealthOut(status="ok", version=__version__)
