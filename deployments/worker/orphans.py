"""Runs that an earlier process of the same worker left behind."""

import logging

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed

from deployments.worker.identity import Identity, process_of

_LOG = logging.getLogger("prefect.worker.warm")
_HELD = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
_PAGE = 200


async def settle_orphans(client: PrefectClient, pool: str, identity: Identity) -> int:
    """End what an earlier start of this worker claimed and did not end; how many runs.

    To be called while the worker's name is locked: a live process of that name has no orphans.

    Raises:
        httpx.HTTPError: The server does not answer.
    """
    orphans = [run for run in await _held(client, pool) if identity.preceded(process_of(run))]
    for run in orphans:
        await client.set_flow_run_state(run.id, _end(run))
        _LOG.warning("Run '%s' was left by a worker that died; it is ended.", run.name)
    return len(orphans)


def _end(run: FlowRun) -> State[None]:
    if run.state is not None and run.state.type is StateType.CANCELLING:
        return Cancelled(message="Cancelled; its worker died before it could say so.")
    return Crashed(message="Its worker died.")


async def _held(client: PrefectClient, pool: str) -> list[FlowRun]:
    held: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_HELD))
            ),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
            limit=_PAGE,
            offset=len(held),
        )
        held += page
        if len(page) < _PAGE:
            return held
