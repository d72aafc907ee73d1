"""Subflow: from cells to pictures."""

import asyncio
from pathlib import Path

from prefect import flow

from tasks.artifacts import show_picture
from tasks.results import draw_pictures_task


@flow(name="visualize_cells", flow_run_name="visualize")
async def visualize_cells(out: str, slide: str, mpp: float | None = None) -> None:
    """Draw the pictures of the merged job in folder `out` and show the combined one."""
    await asyncio.to_thread(draw_pictures_task.submit(out, slide, mpp).result)
    await show_picture(Path(out), slide)
