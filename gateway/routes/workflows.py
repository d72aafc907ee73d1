"""Workflows: submitted, listed, looked at, cancelled."""

from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from gateway.answers import WorkflowDetailOut, WorkflowsOut
from gateway.cursors import from_cursor, to_cursor
from gateway.limits import limited
from gateway.openapi import SPEC_BODY
from gateway.parameters import Cursor, Limit, WorkflowId
from gateway.problems import Problem
from gateway.scope import TenantScope
from gateway.showing import show_line, show_workflow
from gateway.submissions import Submissions
from runs.requests import as_written, cancel_workflow
from runs.views import page_of_workflows, read_workflow_run
from slideloom.scheduling.spec import check_spec

router = APIRouter(prefix="/workflows", tags=["workflows"])

YAML = "application/yaml"
_TAKEN = {"", "application/json", YAML, "application/x-yaml", "text/yaml", "text/x-yaml"}
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9._:~-]{1,128}$",
        description="Sent again with the same key, the same spec is the same workflow.",
    ),
]


@router.post(
    "",
    status_code=202,
    openapi_extra=SPEC_BODY,
    dependencies=[Depends(limited("submissions"))],
)
async def submit_workflow(
    request: Request, response: Response, scope: TenantScope, key: Key = None
) -> WorkflowDetailOut:
    """Submit a workflow, as JSON or YAML.

    It is answered once the workflow is sure to be there; `Location` says where to look. What only
    a slide's content tells is found out by the workflow itself, which then fails and says so.
    """
    _refuse_other_types(request)
    submissions: Submissions = request.app.state.submissions
    with scope.telling():
        workflow = await submissions.take(scope, await request.body(), key)
    response.headers["Location"] = f"{request.url.path}/{workflow.id}"
    return show_workflow(workflow, scope.clean)


def _refuse_other_types(request: Request) -> None:
    stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if stated not in _TAKEN:
        detail = f"the body must be application/json or {YAML}, not {stated[:80]}"
        raise Problem(415, "unsupported_media_type", detail)


@router.get("")
async def list_workflows(
    scope: TenantScope,
    is_open: Annotated[bool, Query(alias="open", description="Leave out what has ended.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> WorkflowsOut:
    """Your workflows, the newest first; what comes meanwhile does not move the pages."""
    lines, mark = await page_of_workflows(
        scope.client, scope.id, is_open, limit, from_cursor(cursor)
    )
    items = [show_line(line, scope.clean) for line in lines]
    return WorkflowsOut(items=items, next=to_cursor(mark))


@router.get("/{workflow}")
async def get_workflow(workflow: WorkflowId, scope: TenantScope) -> WorkflowDetailOut:
    """A workflow with its jobs."""
    return show_workflow(await scope.workflow(workflow), scope.clean)


_AS_YAML: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The spec as YAML.",
        "content": {YAML: {"schema": {"type": "string", "description": "The spec."}}},
    }
}


@router.get("/{workflow}/spec", response_class=Response, responses=_AS_YAML)
async def get_workflow_spec(workflow: WorkflowId, scope: TenantScope) -> Response:
    """The spec of a workflow, to be submitted again."""
    await scope.workflow(workflow)
    run = await read_workflow_run(scope.client, workflow)
    with scope.telling():
        content = as_written(check_spec(run.spec))
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return Response(text, media_type=YAML, headers={"X-Content-Type-Options": "nosniff"})


@router.post("/{workflow}/cancel", status_code=202)
async def cancel_a_workflow(workflow: WorkflowId, scope: TenantScope) -> WorkflowDetailOut:
    """Cancel a workflow with all its jobs; what runs is ended by its worker."""
    await scope.workflow(workflow)
    with scope.telling():
        await cancel_workflow(scope.client, str(workflow))
    return show_workflow(await scope.workflow(workflow), scope.clean)
