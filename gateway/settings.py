"""Settings of the door; each can be set in the environment as `SLIDELOOM_GATEWAY_<NAME>`."""

from functools import lru_cache
from typing import Literal

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
    live_interval_s: float = Field(
        0.25, ge=0, le=10, description="A watched workflow is read once in so long, at most."
    )
    live_recheck_s: float = Field(
        5.0, gt=0, le=300, description="It is read again after so long, whatever was heard of it."
    )
    live_heartbeat_s: float = Field(
        15.0, gt=0, le=300, description="A socket is sent something at least so often."
    )
    live_queue: int = Field(
        64, ge=1, le=10_000, description="Messages that wait for a slow reader; then a snapshot."
    )
    live_patience_s: float = Field(
        30.0, gt=0, le=600, description="Who reads nothing for so long is cut off."
    )
    live_sockets: int = Field(2000, ge=1, description="Sockets that may be open at a time.")
    live_sockets_per_tenant: int = Field(200, ge=1, description="Of these, those of one tenant.")

    requests_per_minute: int = Field(
        6000, ge=1, le=1_000_000, description="Requests of one tenant in a minute."
    )
    submissions_per_minute: int = Field(
        60, ge=1, le=100_000, description="Workflows that one tenant may submit in a minute."
    )
    uploads_per_hour: int = Field(
        600, ge=1, le=100_000, description="Uploads that one tenant may begin in an hour."
    )
    failures_per_minute: int = Field(
        30, ge=1, le=1_000_000, description="Wrong keys from one address in a minute."
    )
    status_cache_s: float = Field(
        5.0, ge=0, le=300, description="How old the figures of status and metrics may be."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least important of the log lines that are written."
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
