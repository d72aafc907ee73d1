"""Subflow: from cells to a summary."""

import asyncio
from typing import Any

from prefect import flow

from tasks.artifacts import show_summary
from tasks.results import summarise_task


@flow(name="aggregate_cells", flow_run_name="aggregate")
async def aggregate_cells(out: str) -> dict[str, Any]:
    """Write `summary.json` of the merged job in folder `out` and show it as a table."""
    summary = await asyncio.to_thread(summarise_task.submit(out).result)
    await show_summary(summary)
    return summary
