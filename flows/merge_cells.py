"""Subflow: all parts of a slide into one exact set of cells."""

import asyncio

from prefect import flow

from tasks.results import merge_parts_task


# async: a sync subflow waits a second for its heartbeat thread at exit.
@flow(name="merge_cells", flow_run_name="merge")
async def merge_cells(out: str) -> dict[str, int]:
    """Write `cells.parquet` and `cells.geojson.gz` of the job in folder `out`; counts of cells."""
    return await asyncio.to_thread(merge_parts_task.submit(out).result)
