"""Settings of the door; each can be set in the environment as `SLIDELOOM_GATEWAY_<NAME>`."""

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """What an operator may want to change of the door."""

    model_config = SettingsConfigDict(env_prefix="SLIDELOOM_GATEWAY_", extra="ignore")

    key_cache_s: float = Field(
        5.0, ge=0, le=300, description="A revoked key may still open the door for so long."
    )
    session_hours: float = Field(
        12.0, gt=0, le=720, description="How long a browser stays signed in."
    )
    viewer_bytes: int = Field(
        1 << 30, ge=1 << 20, description="Memory for the cells of the jobs that are looked at."
    )
    viewer_tile_bytes: int = Field(
        64 << 20, ge=0, description="Memory for overlay tiles that were drawn."
    )
    viewer_threads: int = Field(
        4, ge=1, le=64, description="Tiles drawn at the same time; a tenant gets half of them."
    )
    viewer_waiting: int = Field(
        200, ge=1, le=10_000, description="Tiles of one tenant that may wait to be drawn."
    )


@lru_cache(maxsize=1)
def gateway_settings() -> GatewaySettings:
    """The settings of this process, read once."""
    return GatewaySettings()
