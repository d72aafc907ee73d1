"""What the scheduler knows: workflows with the states of their jobs, places, limits, decisions.

All times are seconds on the caller's clock, all values immutable; `decide` maps them to a
`Decision` and keeps nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from slideloom.errors import ParametersUnusable


class JobState(StrEnum):
    """State of a job; what is neither PENDING nor RUNNING has ended."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the job by itself."""
        return self not in (JobState.PENDING, JobState.RUNNING)


class Reason(StrEnum):
    """Why a job waits. Of several the first in this order is given, the outermost door first."""

    USER_SLOT = "USER_SLOT"
    """Its tenant may not start jobs now: no place is free, or the tenant is about to rotate."""
    BRANCH = "BRANCH"
    """Its branch is not there yet: an earlier job has not ended, or it pauses after a failure."""
    NEEDS = "NEEDS"
    """A branch that its branch needs has not succeeded yet."""
    WORKER = "WORKER"
    """It could start: all workers are taken, by its own tenant's jobs or by others'."""


class Standing(StrEnum):
    """Where a tenant stands with its place."""

    QUEUED = "QUEUED"
    """It has rotated out and queues again, behind all who waited at that time."""
    ENTERED = "ENTERED"
    """It has a place and has not used it yet: the rotation bound does not run."""
    SERVED = "SERVED"
    """It has had a job admitted: the rotation bound runs."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        id: The job's id, its own among all jobs.
        state: Where it is.
        not_before_s: While PENDING: it may not start earlier, and queues from then on.
    """

    id: str
    state: JobState = JobState.PENDING
    not_before_s: float | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Jobs that run one at a time in this order, once all of `needs` have succeeded."""

    name: str
    jobs: tuple[Job, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """A submitted workflow with all its jobs, also those that have ended."""

    id: str
    tenant: str
    created_s: float
    branches: tuple[Branch, ...]

    def with_jobs(self, changed: Mapping[str, Job]) -> "Workflow":
        """The same workflow with some jobs replaced, by id."""
        return replace(
            self,
            branches=tuple(
                replace(branch, jobs=tuple(changed.get(job.id, job) for job in branch.jobs))
                for branch in self.branches
            ),
        )

    def outcome(self) -> JobState | None:
        """FAILED, CANCELLED or SUCCEEDED, as its jobs did; None while one has not ended."""
        states = {job.state for branch in self.branches for job in branch.jobs}
        if JobState.PENDING in states or JobState.RUNNING in states:
            return None
        ended = (JobState.FAILED, JobState.CANCELLED)
        return next((state for state in ended if state in states), JobState.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Place:
    """What is remembered of a tenant from one decision to the next.

    Attributes:
        tenant: The tenant's id.
        since_s: Since when it stands so.
        standing: Whether it has a place, and has used it.
    """

    tenant: str
    since_s: float
    standing: Standing = Standing.ENTERED


@dataclass(frozen=True, slots=True)
class Limits:
    """What may happen at the same time.

    Attributes:
        max_workers: Jobs that run.
        max_active_users: Tenants with a place.
        rotate_after_s: A tenant that has used its place that long while others wait must rotate;
            None: it keeps it until all its jobs have ended. 0: one admission a turn.
    """

    max_workers: int = 5
    max_active_users: int = 3
    rotate_after_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could ever run."""
        for name in ("max_workers", "max_active_users"):
            if getattr(self, name) < 1:
                raise ParametersUnusable(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.rotate_after_s is not None and not self.rotate_after_s >= 0:
            raise ParametersUnusable(
                f"rotate_after_s must be 0 or more seconds, not {self.rotate_after_s}: leave it "
                "out for no rotation"
            )


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done now. Record `places` first, then admit.

    Attributes:
        admit: Jobs to start, in this order.
        skip: PENDING jobs that can no longer succeed.
        places: What to hand to the next decision.
        reasons: Why each job waits that stays PENDING.
        wake_s: When to decide again if nothing happens before; None: not before something does.
    """

    admit: tuple[str, ...]
    skip: tuple[str, ...]
    places: tuple[Place, ...]
    reasons: Mapping[str, Reason]
    wake_s: float | None
