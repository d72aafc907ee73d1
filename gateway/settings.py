"""Settings of the door; each can be set in the environment as `SLIDELOOM_GATEWAY_<NAME>`."""

from functools import lru_cache
from pathlib import Path
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
    staging: Path | None = Field(
        None, description="Folder of uploads on their way, on a local disk; none: in the home."
    )
    max_upload_bytes: int = Field(20_000_000_000, ge=1, description="How large one upload may be.")
    tenant_upload_bytes: int = Field(
        200_000_000_000, ge=1, description="What a tenant's uploads may come to."
    )
    tenant_upload_slides: int = Field(
        2000, ge=1, le=100_000, description="How many slides a tenant may have uploaded."
    )
    tenant_open_uploads: int = Field(
        10, ge=1, le=1000, description="Uploads of a tenant that are not finished."
    )
    upload_keep_hours: float = Field(
        24.0, gt=0, description="An unfinished upload to which nothing comes is removed."
    )
    upload_idle_s: float = Field(
        60.0, gt=0, description="A connection that sends nothing for so long is given up."
    )
    upload_spare_bytes: int = Field(
        1_000_000_000, ge=0, description="What uploads leave free on the staging folder's disk."
    )
    inspect_memory_bytes: int = Field(
        2_000_000_000, ge=500_000_000, description="Memory for a look at an uploaded file."
    )
    inspect_s: float = Field(
        60.0, gt=0, le=3600, description="Time for a look at an uploaded file."
    )
    inspect_at_once: int = Field(2, ge=1, le=64, description="Uploaded files looked at at once.")
    max_image_px: int = Field(
        100_000_000, ge=1, description="Pixels of an uploaded image that is decoded whole."
    )
    tile_cache_bytes: int = Field(
        256_000_000, ge=0, description="Memory for tiles and thumbnails of slides."
    )
    open_slides: int = Field(16, ge=1, le=1000, description="Slides kept open for the viewer.")
    open_slide_bytes: int = Field(
        500_000_000, ge=1, description="Memory for images kept open that are decoded whole."
    )
    tile_threads: int = Field(2, ge=1, le=64, description="Tiles drawn at once.")
    tile_queue: int = Field(200, ge=1, description="Tiles that may wait to be drawn.")
    tile_source_px: int = Field(
        300_000_000, ge=1, description="Pixels of a slide that one tile may take to draw."
    )


@lru_cache(maxsize=1)
def gateway_settings() -> GatewaySettings:
    """The settings of this process, read once."""
    return GatewaySettings()
