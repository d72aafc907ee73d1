"""Which process a run belongs to, and whether it still does."""

import hashlib
import re
import socket
import uuid
from dataclasses import dataclass, field
from enum import Enum

from prefect.client.schemas.objects import FlowRun, StateType

from runs import labels
from runs.reading import ENDED
from runs.states import WORKER_STOPPED
from slideloom.settings import settings

_CLAIM = re.compile(r"Claimed by (?P<process>.+)\.")
_AWAITING_RETRY = "AwaitingRetry"


@dataclass(frozen=True, slots=True)
class Identity:
    """One start of a worker, as it is written on the runs that it claims.

    The machine and the folder of the worker's lock are a part of it: workers of the same name on
    two machines, or of two folders, must not take each other's runs for orphans.

    Attributes:
        name: Name of the worker.
        start: Which start of it, and where.
    """

    name: str
    start: str = field(default_factory=lambda: f"{_place()}/{uuid.uuid4().hex[:12]}")

    def __str__(self) -> str:
        return f"{self.name}:{self.start}"

    def claim(self) -> str:
        """Message of the Pending state with which a run is claimed."""
        return f"Claimed by {self}."

    def preceded(self, process: str) -> bool:
        """Whether `process` is an earlier start of this worker on this machine."""
        name, _, start = process.rpartition(":")
        same = (name, start.partition("/")[0]) == (self.name, self.start.partition("/")[0])
        return same and start != self.start


def _place() -> str:
    """Where the name is locked: this machine, and the folder of the lock."""
    home = str(settings().home.expanduser().absolute())
    return f"{socket.gethostname()}-{hashlib.blake2b(home.encode(), digest_size=4).hexdigest()}"


class Stop(Enum):
    """Why a run is told to stop."""

    CANCELLED = "Cancelled: stopped at the next safe point, nothing was committed."
    TAKEN = "This attempt has been ended, queued again or taken over: it stops, its state stays."
    WORKER = WORKER_STOPPED


def process_of(run: FlowRun) -> str:
    """The process that holds the run, as an identity was written; empty: none."""
    # A claim is in the state before it is in the run's own field: the state decides who gets it.
    state = run.state
    if state is not None and state.type is StateType.PENDING:
        claim = _CLAIM.fullmatch(state.message or "")
        if claim:
            return claim["process"]
    return run.infrastructure_pid or ""


def attempt_of(run: FlowRun) -> int:
    """How often the run has been admitted, as far as its label says."""
    stated = (run.labels or {}).get(labels.ATTEMPT, 0)
    return int(stated) if isinstance(stated, int | float) else 0


def reason_to_stop(run: FlowRun | None, process: str, attempt: int) -> Stop | None:
    """Whether a run that this process works on is still its to work on.

    Args:
        run: The run as the server has it now; None: it is gone.
        process: Identity of this process.
        attempt: How often the run had been admitted when it was claimed.
    """
    if run is None or run.state is None or process_of(run) != process:
        return Stop.TAKEN
    if attempt_of(run) > attempt:
        return Stop.TAKEN
    if run.state.type is StateType.CANCELLING:
        return Stop.CANCELLED
    return Stop.TAKEN if _is_elsewhere(run) else None


def _is_elsewhere(run: FlowRun) -> bool:
    """Whether its state says that nobody should be working on it."""
    state = run.state
    if state is None or state.type in ENDED:
        return True
    if state.type is StateType.PAUSED:
        # A flow that pauses within its process waits there to go on.
        return bool(state.state_details.pause_reschedule)
    return state.type is StateType.SCHEDULED and state.name != _AWAITING_RETRY
