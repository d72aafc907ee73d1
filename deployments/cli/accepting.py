"""Hand a workflow to the server and wait for its answer: accepted, or refused."""

import asyncio
import sys
import time
from collections.abc import Callable

from prefect.client.orchestration import PrefectClient

from deployments.cli.server import page_of
from deployments.cli.show import console
from deployments.cli.wording import printable
from runs import requests
from runs.names import CONTROL
from runs.views import WorkflowView, read_workflow
from slideloom.errors import BadInput, SlideloomError
from slideloom.scheduling.spec import WorkflowSpec
from slideloom.scheduling.state import JobState

PATIENCE_S = 10.0
"""After so long without a worker there may be none."""
_PAUSE_S = 0.5


class WorkflowRefused(BadInput):
    """The server looked at the workflow and does not take it."""


class SubmissionCancelled(SlideloomError):
    """Somebody cancelled the workflow before it was accepted."""


async def submit(
    client: PrefectClient, spec: WorkflowSpec, key: str | None, made: Callable[[str], None]
) -> str:
    """Submit and wait for the answer; say what can be done next.

    Args:
        client: Prefect's client.
        spec: The spec.
        key: Idempotency key.
        made: Told the workflow's id as soon as there is one.

    Returns:
        The workflow's id.

    Raises:
        WorkflowRefused: The server does not take it.
        SubmissionCancelled: It was cancelled meanwhile.
    """
    workflow = await requests.submit(client, spec, key)
    made(workflow)
    view = await _answer(client, workflow)
    branches = len(view.branches)
    console.print(
        f"workflow {workflow} accepted: {view.total} {'job' if view.total == 1 else 'jobs'} in "
        f"{branches} {'branch' if branches == 1 else 'branches'}"
    )
    if address := page_of(workflow):
        console.print(f"page   {address}")
    console.print(f"watch  slideloom status {workflow} --watch")
    console.print(f"stop   slideloom cancel {workflow}")
    return workflow


async def _answer(client: PrefectClient, workflow: str) -> WorkflowView:
    began, warned = time.monotonic(), False
    while True:
        view = await read_workflow(client, workflow)
        if view.accepted:
            return view
        if view.state is JobState.CANCELLED:
            raise SubmissionCancelled(f"workflow {workflow} was cancelled before it was accepted")
        if view.state is JobState.FAILED and all(job.ended for job in view.jobs):
            raise WorkflowRefused(f"workflow {workflow} is refused: {printable(view.message)}")
        if view.state is JobState.PENDING and not warned and time.monotonic() - began > PATIENCE_S:
            warned = True
            print(_NO_WORKER.format(workflow), file=sys.stderr)
        await asyncio.sleep(_PAUSE_S)


_NO_WORKER = (
    "workflow {} is on the server, but no worker of pool "
    f"{CONTROL} has taken it: is `slideloom serve` running? Still waiting."
)
