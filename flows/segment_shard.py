"""The GPU pool's flow: tiles of one slide, on a worker that keeps the model loaded."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
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
from slideloom.errors import BadInput, SlideloomError
from slideloom.parameters import SegmentCells
from slideloom.progress import Progress, Stopped, attempt_at
from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import fetch_plan, missing_tasks
from tasks.naming import shard_name
from tasks.owners import ENGINE, Want, want, while_wanted
from tasks.reaching import reached
from tasks.shared import shared_engine
from tasks.tiles import Care

_UNWANTED = "Its job has ended, or gives no sign of life."


@flow(name="segment_shard", flow_run_name=shard_name, task_runner=TILE_TASKS)
async def segment_shard(
    job: SegmentCells,
    owner: UUID,
    out: str = "",
    tasks: list[int] | None = None,
    skip: list[int] | None = None,
    token: str = "",
) -> Any:
    """Segment some tiles of a planned slide; started by a job, never by hand.

    Args:
        job: What to do.
        owner: Id of the job's run; when that ends, or dies, the shard ends too.
        out: Folder of the job's result.
        tasks: Tile tasks of its plan; those whose part is there are left out. None: only say what
            the engine is.
        skip: Indices of tiles that are left out, as workers died on them.
        token: Name under which each tile is marked while it is tried, where workers have died and
            it is not known on which tile; empty: none is.
    """
    context = FlowRunContext.get()
    own = context.flow_run if context else None
    if own is None or own.parent_task_run_id is None:
        return not_admitted()
    async with get_client() as client:
        job_of, wanted = await want(client, owner)
        if wanted is Want.NO:
            return Cancelled(message=_UNWANTED)
        try:
            if tasks is None:
                return await _describe(client, own.id, job)
            with attempt_at(out) as progress:
                async with (
                    while_wanted(owner, progress.stop),
                    reached(job_of, job, out, progress) as (job, place),
                ):
                    care = Care(frozenset(skip or ()), token)
                    return await _segment(job, place, tasks, progress, care)
        except Stopped:
            return Cancelled(message=_UNWANTED)
        except SlideloomError as error:
            told: KeyValueLabels = {
                labels.ERROR: type(error).__name__,
                labels.BAD_INPUT: isinstance(error, BadInput),
            }
            await client.update_flow_run_labels(own.id, told)
            return Failed(message=str(error))


async def _describe(client: PrefectClient, own: UUID, job: SegmentCells) -> Any:
    """Facts about the engine, onto this run."""
    engine = await asyncio.to_thread(shared_engine, job.model, job.device, await model_folder())
    facts = asdict(engine.info)
    await client.update_flow_run_labels(own, {ENGINE: json.dumps(facts)})
    return Completed(message=f"{facts['name']} {facts['version']} on {facts['numeric_profile']}")


async def _segment(
    job: SegmentCells, place: Workplace, tasks: Sequence[int], progress: Progress, care: Care
) -> Any:
    plan = await asyncio.to_thread(fetch_plan, place)
    models = await model_folder()
    missing = await asyncio.to_thread(missing_tasks, plan, place, tasks, job.gaps)
    tiles = sum(len(plan.tasks[task]) for task in missing)
    progress.enter("segment", total=tiles)
    await map_tiles(missing, job, place, progress, models, care)
    return Completed(message=f"{tiles} tiles segmented")
