"""The GPU pool's flow: tiles of one slide, on a worker that keeps the model loaded."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed, Failed
from prefect.types import KeyValueLabels

from blocks import model_folder
from flows.mapping import TILE_TASKS, map_tiles
from runs import labels
from runs.states import not_admitted
from slideloom.errors import SlideloomError
from slideloom.parameters import SegmentCells
from slideloom.progress import Stopped, attempt_at
from slideloom.segmentation.job import missing_tasks
from slideloom.segmentation.stored import load_plan
from tasks.naming import shard_name
from tasks.owners import ENGINE, Owner, is_wanted, while_wanted
from tasks.shared import shared_engine


@flow(name="segment_shard", flow_run_name=shard_name, task_runner=TILE_TASKS)
async def segment_shard(
    job: SegmentCells, out: str, owner: Owner, shown: UUID | None = None
) -> Any:
    """Segment all tiles of a planned slide that are missing; started by a job, never by hand.

    Args:
        job: What to do.
        out: Folder of the job's result; empty: only say what the engine is.
        owner: The attempt at the job that asks for it; when that ends, the shard does.
        shown: The job's progress artifact.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return not_admitted()
    async with get_client() as client:
        if not await is_wanted(client, owner):
            return not_admitted()
        try:
            if not out or shown is None:
                return await _describe(client, context.flow_run.id, job)
            return await _segment(job, out, owner, shown)
        except SlideloomError as error:
            name: KeyValueLabels = {labels.ERROR: type(error).__name__}
            await client.update_flow_run_labels(context.flow_run.id, name)
            return Failed(message=str(error))


async def _describe(client: PrefectClient, own: UUID, job: SegmentCells) -> Any:
    """Facts about the engine, onto this run."""
    engine = await asyncio.to_thread(shared_engine, job.model, job.device, await model_folder())
    facts = asdict(engine.info)
    await client.update_flow_run_labels(own, {ENGINE: json.dumps(facts)})
    return Completed(message=f"{facts['name']} {facts['version']} on {facts['numeric_profile']}")


async def _segment(job: SegmentCells, out: str, owner: Owner, shown: UUID) -> Any:
    plan = await asyncio.to_thread(load_plan, Path(out))
    models = await model_folder()
    missing = await asyncio.to_thread(missing_tasks, plan, Path(out))
    still = sum(len(plan.tasks[task]) for task in missing)
    with attempt_at(out) as progress:
        progress.enter("segment", total=plan.tiles_kept, done=plan.tiles_kept - still)
        try:
            async with while_wanted(owner, progress.stop):
                await map_tiles(missing, job, progress, shown, models)
        except Stopped:
            return Cancelled(message="The attempt at the job that asked for it has ended.")
    return Completed(message=f"{still} tiles segmented")
