"""What a run shows in the Prefect UI: progress, summary table, picture, links."""

import asyncio
import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from PIL import Image
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.exceptions import PrefectException

from runs.progress import TILES, Told
from slideloom.drawing import preview_jpeg
from slideloom.results.workplace import Workplace
from slideloom.segmentation.report import summary_rows

_log = logging.getLogger(__name__)


@contextmanager
def only_shown() -> Iterator[None]:
    """What cannot be shown is logged; a run does not fail for it."""
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        _log.warning("an artifact could not be written: %r", error)


async def start_progress() -> UUID:
    """The progress artifact of this run, at its beginning."""
    told = Told()
    artifact = await acreate_progress_artifact(
        progress=told.percent, key=TILES, description=told.words
    )
    return UUID(str(artifact))


async def renew_progress(artifact: UUID, told: Told) -> None:
    """Bring the progress artifact up to date."""
    with only_shown():
        await aupdate_progress_artifact(
            artifact_id=artifact, progress=told.percent, description=told.words
        )


async def show_summary(summary: dict[str, Any]) -> None:
    """The closing table."""
    rows = [{"what": what, "value": value} for what, value in summary_rows(summary)]
    await acreate_table_artifact(table=rows, key="summary", description="Summary")


async def show_picture(out: Path, slide: str) -> None:
    """The combined picture as a small JPEG inside the markdown: it shows wherever the UI runs."""
    picture = base64.b64encode(await asyncio.to_thread(_preview, out)).decode()
    text = f"### {Path(slide).name}\n\n![cells on tissue](data:image/jpeg;base64,{picture})\n"
    await acreate_markdown_artifact(markdown=text, key="cells-on-tissue", description="Cells")


def _preview(out: Path) -> bytes:
    """The small JPEG; decoding the large one takes too long for the event loop."""
    with Image.open(out / "combined.jpg") as combined:
        return preview_jpeg(np.asarray(combined.convert("RGB")))


async def show_links(place: Workplace, names: list[str]) -> None:
    """Links to the files of the result, in one list."""
    links = [f"- [{name}]({place.url(name)})" for name in names]
    await acreate_markdown_artifact(
        markdown="\n".join([f"Result folder `{place.told}`", "", *links]),
        key="files",
        description="Files of the result",
    )
