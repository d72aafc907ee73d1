"""The tissue of a slide, as a job of its own."""

import asyncio
from typing import Any

from prefect import flow

from runs.admission import admitted, confirm
from slideloom.parameters import TissueMaskJob
from slideloom.progress import Progress, attempt_at
from slideloom.results.folder import abandoned_on_bad_input
from slideloom.results.identity import Claim
from slideloom.results.workplace import Workplace
from slideloom.tissue_job import FILES, SUMMARY
from tasks.artifacts import show_links
from tasks.naming import tissue_name
from tasks.reaching import left_clean, own_job, reached
from tasks.tissue import find_tissue_task, write_tissue_task


@flow(name="tissue_mask", flow_run_name=tissue_name)
async def tissue_mask(job: TissueMaskJob, out: str) -> dict[str, Any]:
    """Find the tissue of a slide and write mask, outline and figures.

    Args:
        job: What to do.
        out: Folder of the result.

    Returns:
        The summary (`summary.json`).

    Raises:
        BadInput: The slide or the folder cannot be used; nothing is left.
    """
    async with admitted():
        own = await own_job()
        with attempt_at(out) as progress:
            async with reached(own, job, out, progress) as (job, place):
                return await _find(job, place, progress)


async def _find(job: TissueMaskJob, place: Workplace, progress: Progress) -> dict[str, Any]:
    progress.enter("plan")
    found = await asyncio.to_thread(find_tissue_task.submit(job, place).result)
    if found.claim is Claim.COMPLETE:
        return dict(found.folder.read_json(SUMMARY))
    async with left_clean(place, found.claim):
        with abandoned_on_bad_input(found.folder):
            await confirm()
            written = write_tissue_task.submit(found, job, place)
            summary = await asyncio.to_thread(written.result)
    await show_links(place, list(FILES))
    return summary
