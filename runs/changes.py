"""Changes of runs that more than one part of slideloom makes."""

import time
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelling

from runs import labels
from runs.records import JobRun
from runs.states import not_admitted, queued


async def force(client: PrefectClient, run_id: str, state: State[Any]) -> None:
    """Give a run a state, whatever Prefect's rules say about the change."""
    await client.set_flow_run_state(UUID(run_id), state, force=True)


async def force_from(client: PrefectClient, run_id: str, state_id: str, state: State[Any]) -> bool:
    """The same, unless the run has left the state that this was decided on.

    Returns:
        Whether it was still in that state.
    """
    now = await client.read_flow_run(UUID(run_id))
    if now.state is None or str(now.state.id) != state_id:
        return False
    await force(client, run_id, state)
    return True


async def end_stranger(client: PrefectClient, run_id: str) -> None:
    """End a run of an internal deployment that belongs to no workflow."""
    await force(client, run_id, not_admitted())


async def queue_again(client: PrefectClient, run: JobRun, message: str, anew: bool = False) -> None:
    """Put a run back into the queue, unless it has changed since it was read.

    Args:
        client: Prefect's client.
        run: The run.
        message: What its state shall say.
        anew: It had ended: it queues from now on, with all its automatic retries.
    """
    now = await client.read_flow_run(UUID(run.id))
    if now.state is None or str(now.state.id) != run.state_id:
        return
    if anew:
        await client.update_flow_run_labels(UUID(run.id), fresh(time.time()))
    await force(client, run.id, queued(message))


def fresh(now_s: float) -> dict[str, Any]:
    """Labels of a job that somebody asks for again."""
    return {labels.NOT_BEFORE: now_s, labels.RETRIES: 0, labels.ERROR: "", labels.RETRY_OF: ""}


async def cancel(client: PrefectClient, run_id: str) -> bool:
    """Ask a run to end: at once where nothing runs, otherwise by its worker.

    Returns:
        Whether it is cancelled or being cancelled; False: it had ended before.
    """
    result: OrchestrationResult[Any] = await client.set_flow_run_state(
        UUID(run_id), Cancelling(message="Cancelled on request.")
    )
    # A run without a process is put straight to Cancelled, which Prefect reports as a rejection.
    return result.status is not SetStateStatus.ABORT
