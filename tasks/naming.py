"""Readable names of flow runs, made from their parameters."""

from pathlib import Path
from typing import Any

from prefect.runtime import flow_run


def _slide() -> str:
    job: Any = flow_run.parameters["job"]
    slide = job["slide"] if isinstance(job, dict) else job.slide
    return Path(str(slide)).name


def segment_name() -> str:
    """`segment biopsy.svs`."""
    return f"segment {_slide()}"


def tissue_name() -> str:
    """`tissue of biopsy.svs`."""
    return f"tissue of {_slide()}"
