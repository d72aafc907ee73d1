"""Readable names of flow runs, made from their parameters."""

from pathlib import PurePath
from typing import Any

from prefect.runtime import flow_run

_WORDS = {"segment_cells": "segment", "tissue_mask": "tissue of"}
MAX_NAME = 200
"""Characters of a run's name."""


def job_name(kind: str, slide: str) -> str:
    """`segment biopsy.svs`, `tissue of biopsy.svs`."""
    return f"{_WORDS.get(kind, kind)} {PurePath(slide).name}"[:MAX_NAME]


def segment_name() -> str:
    """`segment biopsy.svs`."""
    return job_name("segment_cells", _slide())


def tissue_name() -> str:
    """`tissue of biopsy.svs`."""
    return job_name("tissue_mask", _slide())


def shard_name() -> str:
    """`tiles of biopsy.svs`."""
    return f"tiles of {PurePath(_slide()).name}"[:MAX_NAME]


def workflow_name() -> str:
    """`alice: biopsy 17`; the name that the run has where the spec does not say one."""
    spec: Any = flow_run.parameters.get("spec")
    tenant, name = _said(spec, "tenant"), _said(spec, "name")
    given: str = flow_run.name or "run_workflow"
    return f"{tenant}: {name}"[:MAX_NAME] if tenant and name else given


def inbox_name() -> str:
    """`inbox of alice`."""
    return f"inbox of {flow_run.parameters.get('tenant')}"[:MAX_NAME]


def _slide() -> str:
    return str(_said(flow_run.parameters["job"], "slide"))


def _said(content: Any, field: str) -> Any:
    """A field of a model or of plain data that may be anything."""
    return content.get(field) if isinstance(content, dict) else getattr(content, field, None)
