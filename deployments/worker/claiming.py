"""Taking a polled run for this process."""

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, ObjectNotFound, Pause
from prefect.states import Pending
from prefect.utilities.engine import propose_state

from deployments.worker.gates import Gate
from deployments.worker.identity import Identity, process_of
from runs.outages import is_outage, outlast

_PATIENCE_S = 60.0


async def claim(
    client: PrefectClient, polled: FlowRun, identity: Identity, gate: Gate | None
) -> FlowRun | None:
    """Take the run, unless it is another's, or the gate says no.

    Args:
        client: Prefect's client.
        polled: The run as it was polled; it has no state then, only the state's id.
        identity: This process; it is written on the run.
        gate: Decides whether the run may be claimed; None: every run may.

    Returns:
        The run, which is this process's now, with its labels as they were polled; or None.

    Raises:
        httpx.HTTPError: The server does not answer.
    """
    if gate is not None and not await gate(client, polled):
        return None
    run = await _unchanged(client, polled)
    if run is None or not await _take(client, run, identity):
        return None
    process = str(identity)
    await outlast(lambda: client.update_flow_run(run.id, infrastructure_pid=process), _PATIENCE_S)
    # By its labels the run knows with which admission it was claimed.
    run.labels = polled.labels
    return run


async def _unchanged(client: PrefectClient, polled: FlowRun) -> FlowRun | None:
    """The run, where it has not changed: Prefect lets one that has ended be claimed again."""
    try:
        run = await client.read_flow_run(polled.id)
    except ObjectNotFound:
        return None
    return run if run.state_id is not None and run.state_id == polled.state_id else None


async def _take(client: PrefectClient, run: FlowRun, identity: Identity) -> bool:
    """Put the run to Pending, which Prefect grants to one worker only."""
    # The name of the state stays Pending: only then does Prefect refuse a second claim.
    state: State[None] = Pending(message=identity.claim())
    try:
        return (await propose_state(client, state, flow_run_id=run.id)).is_pending()
    except (Abort, Pause):
        return False
    except httpx.HTTPError as error:
        if not is_outage(error):
            raise
    # The answer is lost, but perhaps not the claim.
    now = await outlast(lambda: client.read_flow_run(run.id), _PATIENCE_S)
    return now.state is not None and now.state.is_pending() and process_of(now) == str(identity)
