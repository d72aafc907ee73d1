"""What decides whether a polled run may be claimed."""

from collections.abc import Awaitable, Callable

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

from runs.admission import may_claim
from runs.names import JOBS

Gate = Callable[[PrefectClient, FlowRun], Awaitable[bool]]
"""Whether the run may be claimed; where not, the gate itself has put it where it belongs."""


def gate_of(pool: str) -> Gate | None:
    """Jobs pass the dispatcher's admission; other pools have no gate."""
    return may_claim if pool == JOBS else None
