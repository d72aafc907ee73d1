"""States that slideloom gives to runs; each is one of Prefect's own under a name of ours."""

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Failed, Paused, Scheduled

WORKER_STOPPED = "Its worker stopped before it had ended."
"""Message of a run that a draining worker did not let end."""

QUEUED = "Queued"
AWAITING = "Awaiting jobs"
SKIPPED = "Skipped"
NOT_ADMITTED = "Not admitted"
GIVEN_UP = "Given up"
JOBS_CANCELLED = "Jobs cancelled"

HOW_TO_SUBMIT = (
    "submit a workflow: the deployment run-workflow, or `slideloom submit workflow.yaml`"
)


def queued(message: str = "Waits to be admitted.") -> State[Any]:
    """A job that waits: no worker picks it up, and a cancel ends it at once."""
    return Paused(name=QUEUED, reschedule=True, message=message)


def awaiting(message: str) -> State[Any]:
    """A workflow whose jobs are on their way; it occupies no worker."""
    return Paused(name=AWAITING, reschedule=True, message=message)


def skipped(message: str) -> State[Any]:
    """A job that can no longer run."""
    return Cancelled(name=SKIPPED, message=message)


def not_admitted() -> State[Any]:
    """The end of a run of an internal deployment that belongs to no workflow."""
    return Failed(
        name=NOT_ADMITTED,
        message=f"This deployment is internal and runs nothing by itself: {HOW_TO_SUBMIT}.",
    )


def jobs_cancelled(message: str) -> State[Any]:
    """A workflow that ends as jobs of it that somebody cancelled; they can be asked for again."""
    return Cancelled(name=JOBS_CANCELLED, message=message)


def given_up(message: str) -> State[Any]:
    """A workflow whose worker keeps dying; its jobs are cancelled with it."""
    return Cancelled(name=GIVEN_UP, message=message)


def again(message: str) -> State[Any]:
    """A workflow's run that is started again."""
    return Scheduled(message=message)
