"""What is said of a file: facts, or why it is refused."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from slideloom.errors import BadInput

Ending = Literal["svs", "ndpi", "scn", "bif", "czi", "svslide", "tif", "png", "jpg", "bmp", "webp"]
"""Endings that stored slides may have."""
MAX_SIDE_PX = 10_000_000


class UploadRefused(BadInput):
    """What was uploaded is no slide that we can keep; the message says why."""


class Facts(BaseModel):
    """A file that is a slide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = Field(pattern=r"^[a-z0-9-]{1,40}$", description="The reader's name of it.")
    ending: Ending = Field(description="Ending of its name in the store.")
    width_px: int = Field(ge=1, le=MAX_SIDE_PX, description="Width in level-0 pixels.")
    height_px: int = Field(ge=1, le=MAX_SIDE_PX, description="Height in level-0 pixels.")
    mpp: float | None = Field(
        ge=0.001, le=1000, description="µm per pixel as the file says; none: it does not."
    )
    levels: int = Field(ge=1, le=100, description="Levels of its pyramid.")


class Verdict(BaseModel):
    """What the process says in the end: one of the two."""

    model_config = ConfigDict(extra="forbid")

    facts: Facts | None = None
    refused: str | None = Field(None, max_length=2000)
