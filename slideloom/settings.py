"""Settings with their defaults; each can be set in the environment as `SLIDELOOM_<NAME>`."""

import os
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _data_folder() -> Path:
    """`slideloom` in the user's data folder (XDG base directories)."""
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "slideloom"


class Settings(BaseSettings):
    """What an operator may want to change."""

    model_config = SettingsConfigDict(env_prefix="SLIDELOOM_", extra="ignore")

    tile_size: int = Field(
        1024, ge=64, le=16384, multiple_of=16, description="Side of a tile in model pixels."
    )
    tile_overlap: int = Field(
        128,
        ge=0,
        le=8192,
        multiple_of=16,
        description="What neighbouring tiles share, in model pixels.",
    )
    batch_size: int = Field(4, ge=1, le=256, description="Tiles in one forward pass on a GPU.")
    instanseg_model: str = Field(
        "brightfield_nuclei", description="Model that is used when none is named."
    )
    workers: int = Field(
        0,
        ge=0,
        le=64,
        description="Tile tasks that run side by side; 0: one per core, at most 3.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d{1,3})?)$",
        description="Device that this process is pinned to; auto: none, jobs choose.",
    )
    readers: int = Field(1, ge=1, le=16, description="Threads that read ahead for one tile task.")

    home: Path = Field(
        default_factory=_data_folder,
        description="Folder of what the server keeps: results, slides, database, logs.",
    )
    slide_cache: Path | None = Field(
        None,
        description="Folder of slides fetched from S3, on a local disk; none: in the home.",
    )
    slide_cache_bytes: int = Field(
        50_000_000_000, ge=1, description="How much that folder may hold."
    )
    max_workers: int = Field(5, ge=1, le=1000, description="Jobs that run at the same time.")
    max_active_users: int = Field(
        3, ge=1, le=1000, description="Tenants that have jobs running at the same time."
    )
    rotate_after_s: float | None = Field(
        None,
        ge=0,
        description="Seconds after which a tenant that others wait for must rotate; none: never.",
    )
    job_retries: int = Field(
        1, ge=0, le=10, description="How often a job that crashed or broke is tried again."
    )
    retry_delay_s: float = Field(
        10, ge=0, le=3600, description="Pause before the first of these tries, doubled each time."
    )
    gpu_limit: int = Field(5, ge=1, le=1000, description="Shards that run at the same time.")
    tenant_gpu_limit: int = Field(
        2, ge=1, le=1000, description="Shards of one tenant that run at the same time."
    )
    pending_limit_s: float = Field(
        120, gt=0, description="A job that a worker took and did not start is queued again."
    )
    silent_limit_s: float = Field(
        90, ge=35, description="A run without a sign of life is ended; Prefect's beat is 30 s."
    )
    cancel_limit_s: float = Field(
        60, gt=0, description="A cancelled run that no worker ends is ended by the dispatcher."
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
