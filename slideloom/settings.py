"""Settings with their defaults; each can be set in the environment as `SLIDELOOM_<NAME>`."""

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    batch_size: int = Field(4, ge=1, le=256, description="Tiles in one forward pass.")
    instanseg_model: str = Field(
        "brightfield_nuclei", description="Model that is used when none is named."
    )
    workers: int = Field(
        0,
        ge=0,
        le=64,
        description="Tile tasks that run side by side; 0: one per core, at most 3.",
    )
    readers: int = Field(1, ge=1, le=16, description="Threads that read ahead for one tile task.")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
