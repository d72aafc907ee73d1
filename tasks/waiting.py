"""A workflow that is handed to a server and waited for."""

import asyncio
from typing import Any
from uuid import UUID

import anyio
from prefect.client.base import ServerType, determine_server_type
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State, StateType

from runs.requests import AlreadyEnded, cancel_workflow, submit
from runs.views import WorkflowView, read_workflow
from slideloom.scheduling.spec import WorkflowSpec
from tasks.closing import REFUSED
from tasks.outcomes import returned
from tasks.refusing import WorkflowRefused

POLL_S = 1.0
_ENDS = {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED}
"""A crashed workflow is started again."""
_LAST_WORDS_S = 15.0


def on_a_server() -> bool:
    """Whether an address of a server is set; Prefect's own throw-away server is none."""
    return determine_server_type() in {ServerType.SERVER, ServerType.CLOUD}


async def submit_and_wait(spec: WorkflowSpec) -> dict[str, Any]:
    """Submit a workflow, wait until it has ended; cancelled meanwhile, cancel it.

    Returns:
        The workflow as it has ended, with all its jobs.

    Raises:
        NotRegistered: The server is not set up for slideloom.
        WorkflowRefused: The server does not take it.
        WorkflowFailed: A job has failed.
        WorkflowCancelled: It was cancelled.
    """
    async with get_client() as client:
        # It must be known what was made, or it could not be cancelled.
        making = asyncio.ensure_future(submit(client, spec))
        try:
            view, state = await _end(client, UUID(await asyncio.shield(making)))
        except (asyncio.CancelledError, KeyboardInterrupt):
            with anyio.move_on_after(_LAST_WORDS_S, shield=True):
                await _withdraw(client, making)
            raise
        if state.name == REFUSED:
            # What the run said is in this state; a moment later it may have another one.
            raise WorkflowRefused(f"workflow {view.id} is refused: {state.message}")
        return returned(view)


async def _end(client: PrefectClient, workflow: UUID) -> tuple[WorkflowView, State[Any]]:
    """The workflow once it has ended, and the state in which it has."""
    while True:
        state = (await client.read_flow_run(workflow)).state
        if state is not None and state.type in _ENDS:
            view = await read_workflow(client, workflow)
            if all(job.ended for job in view.jobs):  # otherwise it is about to go on
                return view, state
        await asyncio.sleep(POLL_S)


async def _withdraw(client: PrefectClient, making: "asyncio.Future[str]") -> None:
    """Cancel what was submitted, if it was."""
    await asyncio.wait([making])
    if making.cancelled() or making.exception():
        return
    try:
        await cancel_workflow(client, making.result())
    except AlreadyEnded:
        return
