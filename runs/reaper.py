"""Runs that nobody will end: how long one waits for a sign of life, and what is done then.

Prefect ends none of these by itself: a run that a worker took and did not start stays Pending, one
that was to be cancelled after its worker died stays Cancelling, and a silent one needs an
automation, which does not see runs that are being cancelled.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed, Scheduled

from runs.changes import force_from
from runs.names import JOB_DEPLOYMENTS, RUN_WORKFLOW
from runs.states import queued
from slideloom.settings import Settings, settings


class Overdue(Enum):
    """What is wrong with a run, and what it is given."""

    PENDING = "A worker took it and did not start it: it queues again."
    SILENT = "No sign of life from its worker."
    CANCELLING = "Cancelled; no worker was left to say so."


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long, in seconds."""

    pending_s: float
    silent_s: float
    cancel_s: float

    @classmethod
    def stated(cls, stated: Settings) -> "Bounds":
        """As the settings say."""
        return cls(stated.pending_limit_s, stated.silent_limit_s, stated.cancel_limit_s)


def overdue(type_: StateType, quiet_s: float, bounds: Bounds) -> Overdue | None:
    """Whether a run has waited too long.

    Args:
        type_: Type of its state.
        quiet_s: Seconds since it took this state, or since its last sign of life after that.
        bounds: How long to wait.
    """
    limits = {
        StateType.PENDING: (bounds.pending_s, Overdue.PENDING),
        StateType.RUNNING: (bounds.silent_s, Overdue.SILENT),
        StateType.CANCELLING: (bounds.cancel_s, Overdue.CANCELLING),
    }
    limit_s, verdict = limits.get(type_, (0.0, None))
    return verdict if quiet_s > limit_s else None


def remedy(verdict: Overdue, is_job: bool) -> State[None]:
    """The state that puts an overdue run in order."""
    if verdict is Overdue.PENDING:
        return queued(verdict.value) if is_job else Scheduled(message=verdict.value)
    state = Crashed if verdict is Overdue.SILENT else Cancelled
    return state(message=verdict.value)


async def sweep(client: PrefectClient) -> dict[str, int]:
    """Put all overdue runs in order now, by the server's clock; how many of each kind.

    The dispatcher does the same all the time by its own clock. This is for an operator's hand.
    """
    jobs = [(await client.read_deployment_by_name(name)).id for name in JOB_DEPLOYMENTS.values()]
    workflow = (await client.read_deployment_by_name(RUN_WORKFLOW)).id
    bounds = Bounds.stated(settings())
    counts = {verdict.name.lower(): 0 for verdict in Overdue}
    for run in await _active(client, [*jobs, workflow]):
        beat_s = (await last_beats(client, [str(run.id)], bounds.silent_s)).get(str(run.id), 0.0)
        state = run.state
        if state is None:
            continue
        quiet_s = time.time() - max(state.timestamp.timestamp(), beat_s)
        if verdict := overdue(state.type, quiet_s, bounds):
            remedied = remedy(verdict, run.deployment_id in jobs)
            if await force_from(client, str(run.id), str(state.id), remedied):
                counts[verdict.name.lower()] += 1
    return counts


async def _active(client: PrefectClient, deployments: list[UUID]) -> list[FlowRun]:
    types = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=deployments),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)),
        )
    )


async def last_beats(
    client: PrefectClient, run_ids: list[str], within_s: float
) -> Mapping[str, float]:
    """When each run sent its last heartbeat, in seconds since 1970; those within `within_s`."""
    since = datetime.now(UTC) - timedelta(seconds=within_s)
    wanted = {
        "filter": {
            "occurred": {"since": since.isoformat()},
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run_id}" for run_id in run_ids]},
        },
        "limit": 50,
    }
    response = await client.request("POST", "/events/filter", json=wanted)
    beats: dict[str, float] = {}
    for event in response.json()["events"]:
        run_id = event["resource"]["prefect.resource.id"].removeprefix("prefect.flow-run.")
        at_s = datetime.fromisoformat(event["occurred"]).timestamp()
        beats[run_id] = max(beats.get(run_id, 0.0), at_s)
    return beats
