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
    open_workflows: int = Field(
        100, ge=1, le=100_000, description="Workflows of one tenant that may be open at a time."
    )
    open_jobs: int = Field(
        10_000, ge=1, le=1_000_000, description="Jobs of one tenant that may be open at a time."
    )
    checks_at_once: int = Field(
        8, ge=1, le=100, description="Threads that look for slides and models of submissions."
    )
    result_reads_at_once: int = Field(
        8, ge=1, le=100, description="Threads that read results; each holds 1 MiB."
    )


@lru_cache(maxsize=1)
def gateway_settings() -> GatewaySettings:
    """The settings of this process, read once."""
    return GatewaySettings()
