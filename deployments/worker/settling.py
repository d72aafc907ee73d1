"""After a run's thread has ended: what the server is told, where the engine has told nothing."""

from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterParentFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

from deployments.worker.attempt import Attempt
from deployments.worker.identity import Stop, reason_to_stop
from runs.changes import force

_CUT_SHORT = "Execution was cancelled by the runtime environment."


async def settle(client: PrefectClient, attempt: Attempt) -> None:
    """Give the run its end; one that is not this process's any more keeps its state.

    Raises:
        httpx.HTTPError: The server does not answer.
    """
    if attempt.orders.concluded:
        return
    state = _end(await read(client, attempt.id), attempt)
    if state is not None:
        # Proposed, not forced: what is decided in this very moment by somebody else stands.
        await client.set_flow_run_state(attempt.id, state)
    if attempt.orders.stop in {Stop.CANCELLED, Stop.TAKEN}:
        await _settle_subflows(client, attempt.id)


async def read(client: PrefectClient, run_id: UUID) -> FlowRun | None:
    """The run as it is now; None: it has been deleted."""
    try:
        return await client.read_flow_run(run_id)
    except ObjectNotFound:
        return None


def _end(run: FlowRun | None, attempt: Attempt) -> State[None] | None:
    verdict = reason_to_stop(run, attempt.orders.process, attempt.orders.attempt)
    if verdict is Stop.TAKEN:
        return None
    if verdict is Stop.CANCELLED:
        return Cancelled(message=Stop.CANCELLED.value)
    return Crashed(message=_what_broke(attempt))


def _what_broke(attempt: Attempt) -> str:
    if attempt.orders.stop is not None:
        return attempt.orders.stop.value
    if attempt.error is None:
        return "It left its process without an end."
    return f"It broke outside its flow: {type(attempt.error).__name__}: {attempt.error}"


async def _settle_subflows(client: PrefectClient, parent: UUID) -> None:
    """Subflows in this process were cut short with their parent: Prefect calls that a crash."""
    parents = [parent]
    while parents:
        children = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=parents),
                deployment_id=FlowRunFilterDeploymentId(is_null_=True),
            )
        )
        for child in filter(_was_cut_short, children):
            await force(client, str(child.id), Cancelled(message="Stopped with its parent run."))
        parents = [child.id for child in children]


def _was_cut_short(run: FlowRun) -> bool:
    state = run.state
    return (
        state is not None
        and state.type is StateType.CRASHED
        and (state.message or "").startswith(_CUT_SHORT)
    )
