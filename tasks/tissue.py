"""Tasks of the tissue mask job."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from slideloom.parameters import TissueMaskJob
from slideloom.tissue_job import FoundTissue, find_tissue, finish_tissue
from tasks.leftovers import begin_anew
from tasks.shared import shared_slide


@task(name="find_tissue", cache_policy=NO_CACHE)
def find_tissue_task(job: TissueMaskJob, out: str) -> FoundTissue:
    """Detect the tissue and claim the folder."""
    slide = shared_slide(job.slide, job.mpp)
    return begin_anew(out, lambda: find_tissue(job, slide, Path(out)))


@task(name="write_tissue", cache_policy=NO_CACHE)
def write_tissue_task(found: FoundTissue, job: TissueMaskJob) -> dict[str, Any]:
    """Write and commit the result; the summary."""
    return finish_tissue(found, shared_slide(job.slide, job.mpp))
