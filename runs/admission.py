"""Nobody gets past the dispatcher: the check before a job is claimed, begun and committed.

Prefect's UI can resume a queued run, retry a failed one and run an internal deployment by hand. A
job is admitted when its label `slideloom.admitted` names the last Queued state of its history and
nothing has ended since. The worker looks before it claims the run, the flow before its first act
and again before it commits.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Abort

from runs import labels
from runs.changes import end_stranger, queue_again
from runs.reading import ENDED
from runs.records import JobRun, job_run
from runs.states import QUEUED
from slideloom.errors import BadInput, OutputBusy

CLAIMED: ContextVar[str | None] = ContextVar("claimed", default=None)
"""In a worker's run: the label `slideloom.admitted` as it was when the run was polled."""


def is_admitted(admitted: str, history: Sequence[State[Any]]) -> bool:
    """Whether the run is where its last admission has brought it.

    Args:
        admitted: The label `slideloom.admitted`.
        history: All states of the run, oldest first.
    """
    since = _since_queued(history)
    return bool(since) and str(since[0].id) == admitted and not has_ended(history)


def has_ended(history: Sequence[State[Any]]) -> bool:
    """Whether the run has ended since it was queued last."""
    return any(state.type in ENDED for state in _since_queued(history))


def _since_queued(history: Sequence[State[Any]]) -> Sequence[State[Any]]:
    """From the last Queued state on; empty where there is none."""
    queued = [place for place, state in enumerate(history) if _is_queued(state)]
    return history[queued[-1] :] if queued else ()


def _is_queued(state: State[Any]) -> bool:
    return state.type is StateType.PAUSED and state.name == QUEUED


async def read_history(client: PrefectClient, run_id: str) -> list[State[Any]]:
    """All states of a run, oldest first."""
    response = await client.request("GET", "/flow_run_states/", params={"flow_run_id": run_id})
    states = [State[Any].model_validate(found) for found in response.json()]
    return sorted(states, key=lambda state: state.timestamp)


async def may_claim(client: PrefectClient, flow_run: FlowRun) -> bool:
    """Whether a worker may claim the run; a run that it may not is put back or ended here."""
    now = await client.read_flow_run(flow_run.id)
    run = job_run(now)
    if run is None:
        await end_stranger(client, str(flow_run.id))
        return False
    history = await read_history(client, run.id)
    if is_admitted(run.admitted, history):
        return True
    if run.type is StateType.SCHEDULED:
        await queue_again(client, run, BY_HAND, has_ended(history))
    return False


def deployed_run() -> FlowRun | None:
    """The run of a deployment that this code belongs to; None in a plain call."""
    context = FlowRunContext.get()
    own = context.flow_run if context else None
    return own if own is not None and own.deployment_id is not None else None


BY_HAND = "Started by hand: it keeps its turn in the queue. Jobs start when they are admitted."


@asynccontextmanager
async def admitted() -> AsyncIterator[None]:
    """Around a job's work: refuse to begin without an admission, write down what no retry helps.

    Does nothing in a run that no deployment made: a plain call, the command line, a subflow.

    Raises:
        Abort: The run is not admitted; its state says why.
    """
    own = deployed_run()
    if own is None:
        yield
        return
    async with get_client() as client:
        await _begin(client, own)
        try:
            yield
        except OutputBusy:
            raise  # an earlier attempt is still stopping: the next try may find it gone
        except BadInput as error:
            await client.update_flow_run_labels(own.id, {labels.ERROR: type(error).__name__})
            raise


async def confirm() -> None:
    """Before a job commits: look whether its admission still holds.

    Raises:
        Abort: It was taken from this attempt.
    """
    own = deployed_run()
    if own is None:
        return
    async with get_client() as client:
        now = await client.read_flow_run(own.id)
        run = job_run(now)
        if run is None or not _is_current(run) or run.type is not StateType.RUNNING:
            raise Abort("This attempt has been replaced or ended: nothing is committed.")


async def _begin(client: PrefectClient, own: FlowRun) -> None:
    now = await client.read_flow_run(own.id)
    run = job_run(now)
    if run is None:
        await end_stranger(client, str(own.id))
        raise Abort("This run belongs to no workflow.")
    history = await read_history(client, run.id)
    if _is_current(run) and is_admitted(run.admitted, history):
        return
    if own.state is not None and run.state_id == str(own.state.id):
        await queue_again(client, run, BY_HAND, has_ended(history))
    raise Abort("This attempt is not admitted, or no longer: it does nothing.")


def _is_current(run: JobRun) -> bool:
    """Whether this process began with the run's last admission."""
    claimed = CLAIMED.get()
    return claimed is None or claimed == run.admitted
