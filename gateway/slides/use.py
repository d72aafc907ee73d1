"""Which open workflows name a slide."""

from collections.abc import Iterator
from typing import Any

from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType

from gateway.scope import Scope
from runs.names import RUN_WORKFLOW, tenant_tag
from runs.paging import read_all
from runs.reading import ENDED
from slideloom.errors import BadInput

_OPEN = [kind for kind in StateType if kind not in ENDED or kind is StateType.CRASHED]


async def is_in_use(scope: Scope, path: str) -> bool:
    """Whether a workflow of the tenant that has not ended names the slide at this path.

    One request for up to 200 open workflows.
    """
    runs = await read_all(
        scope.client,
        FlowRunFilter(
            tags=FlowRunFilterTags(all_=[tenant_tag(scope.id)]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_OPEN)),
        ),
        DeploymentFilter(name=DeploymentFilterName(any_=[RUN_WORKFLOW.split("/")[1]])),
    )
    specs = ((run.parameters or {}).get("spec") for run in runs)
    return any(_same(scope, path, slide) for spec in specs for slide in _slides(spec))


def _slides(spec: Any) -> Iterator[str]:
    """Slides that a spec names; anybody may have written anything there."""
    for branch in _list(spec, "branches"):
        for job in _list(branch, "jobs"):
            slide = job.get("slide") if isinstance(job, dict) else None
            if isinstance(slide, str):
                yield slide


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _same(scope: Scope, path: str, slide: str) -> bool:
    try:
        return scope.tenant.slide_name(slide) == path
    except BadInput:
        return False
