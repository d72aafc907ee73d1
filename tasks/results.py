"""Tasks that turn parts into a committed result."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import (
    Prepared,
    aggregate_job,
    bring_parts,
    commit_job,
    draw_job,
    merge_job,
)
from tasks.shared import shared_slide


@task(name="bring_parts", cache_policy=NO_CACHE)
def bring_parts_task(prepared: Prepared, place: Workplace) -> None:
    """Get the parts that others have made."""
    bring_parts(prepared.plan, place)


@task(name="merge_parts", cache_policy=NO_CACHE)
def merge_parts_task(out: str) -> dict[str, int]:
    """Merge all parts into `cells.parquet` and `cells.geojson.gz`; counts of cells."""
    return merge_job(Path(out))


@task(name="summarise", cache_policy=NO_CACHE)
def summarise_task(out: str) -> dict[str, Any]:
    """Write and return `summary.json`."""
    return aggregate_job(Path(out))


@task(name="draw_pictures", cache_policy=NO_CACHE)
def draw_pictures_task(out: str, slide: str, mpp: float | None) -> None:
    """Draw the pictures."""
    draw_job(Path(out), shared_slide(slide, mpp))


@task(name="commit", cache_policy=NO_CACHE)
def commit_task(prepared: Prepared, place: Workplace) -> dict[str, Any]:
    """Write the manifest, and so make the folder a result."""
    manifest = commit_job(prepared)
    place.close(prepared.identity)
    return manifest


@task(name="send", cache_policy=NO_CACHE)
def send_task(prepared: Prepared, place: Workplace) -> None:
    """Put all files but the manifest where the result goes."""
    place.send(prepared.folder.names)
