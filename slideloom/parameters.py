"""Parameters of the jobs. Forms, command line and API reference are made from these models."""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from slideloom.settings import settings

_MPP = Field(
    None,
    title="µm per pixel",
    description="Size of a level-0 pixel in µm; wanted where the slide does not say it, and used "
    "instead of what the slide says.",
)


class _Job(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    slide: str = Field(min_length=1, description="Path of the slide.")
    mpp: float | None = _MPP


class TissueMaskJob(_Job):
    """Find the tissue of a slide: mask, outline, area."""

    kind: Literal["tissue_mask"] = Field("tissue_mask", description="Kind of the job.")


class SegmentCells(_Job):
    """Segment every nucleus of a slide."""

    kind: Literal["segment_cells"] = Field("segment_cells", description="Kind of the job.")
    model: str = Field(
        default_factory=lambda: settings().instanseg_model,
        min_length=1,
        description="Name of a model in the model store, or the path of one that it recorded.",
    )
    tissue: str = Field(
        "auto",
        min_length=1,
        description="`auto`: find the tissue first; `off`: segment all of the slide; otherwise the "
        "path of a mask (PNG or GeoJSON).",
    )
    tile_size: int = Field(
        default_factory=lambda: settings().tile_size,
        ge=64,
        le=16384,
        multiple_of=16,
        description="Side of a tile in model pixels.",
    )
    overlap: int = Field(
        default_factory=lambda: settings().tile_overlap,
        ge=0,
        le=8192,
        multiple_of=16,
        description="What neighbouring tiles share, in model pixels; at most half of a tile.",
    )
    batch_size: int = Field(
        default_factory=lambda: settings().batch_size,
        ge=1,
        le=256,
        description="Tiles in one forward pass on a GPU; does not change the result.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="`auto`, `cpu`, `cuda` or `cuda:N`.",
    )
    on_bad_tile: Literal["fail", "gap"] = Field(
        "fail",
        title="On a bad tile",
        description="What a tile does that cannot be segmented, as workers die on it or its "
        "numbers are not finite: `fail` the job, or be left out as a `gap` that the result lists.",
    )

    @property
    def gaps(self) -> bool:
        """Whether bad tiles are left out."""
        return self.on_bad_tile == "gap"


def digest_of(content: Any) -> str:
    """32 hex digits of BLAKE2b over canonical JSON: equal content, equal digest."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
