"""Tasks of the tissue mask job."""

from dataclasses import replace
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from slideloom.parameters import TissueMaskJob
from slideloom.results.folder import abandoned_on_bad_input
from slideloom.results.identity import Claim
from slideloom.results.workplace import Workplace
from slideloom.tissue_job import SUMMARY, FoundTissue, find_tissue, finish_tissue
from tasks.leftovers import begin_anew
from tasks.shared import shared_slide


@task(name="find_tissue", cache_policy=NO_CACHE)
def find_tissue_task(job: TissueMaskJob, place: Workplace) -> FoundTissue:
    """Detect the tissue and claim the folder."""
    slide = shared_slide(job.slide, job.mpp)
    found = begin_anew(place.folder, lambda: find_tissue(job, slide, place.folder))
    with abandoned_on_bad_input(found.folder):
        claim = place.settle(found.claim, found.identity)
        if claim is Claim.COMPLETE:
            found.folder.release()
            place.bring([SUMMARY])
    return replace(found, claim=claim)


@task(name="write_tissue", cache_policy=NO_CACHE)
def write_tissue_task(found: FoundTissue, job: TissueMaskJob, place: Workplace) -> dict[str, Any]:
    """Write and commit the result; the summary."""
    summary = finish_tissue(found, shared_slide(job.slide, job.mpp))
    place.send(found.folder.names)
    place.close(found.identity)
    return summary
