"""Who may run when, where no server decides: the same rules, held within one process.

Workflows may be carried out from several threads and event loops at once; they share one
scheduler, its places and its workers. Everybody who changes something decides for all, under a
lock; whose jobs are let go is told, and starts them himself.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from runs.reading import Patience
from slideloom.errors import BadInput
from slideloom.scheduling.decide import decide
from slideloom.scheduling.state import Decision, Job, JobState, Limits, Place, Reason, Workflow
from slideloom.settings import settings

Act = Callable[[str], Awaitable[object]]
"""Does the job of this id; what it raises is the job's failure."""
Observer = Callable[[list[Workflow], tuple[Place, ...], float, Decision], None]
"""Is shown what each decision was made of, and the decision."""


@dataclass(slots=True)
class LocalWorkflow:
    """A workflow that is carried out in this process.

    Attributes:
        workflow: With the states of its jobs as they are.
        errors: What the last attempt of each job that failed has raised.
        reasons: Why each job waits.
    """

    workflow: Workflow
    errors: dict[str, BaseException] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    _admitted: "deque[str]" = field(default_factory=deque)
    _starts: dict[str, int] = field(default_factory=dict)
    _called: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def take(self, decision: Decision) -> None:
        """Write down what was decided about this workflow, and wake whoever carries it."""
        own = {job.id: job for branch in self.workflow.branches for job in branch.jobs}
        admitted = [job for job in decision.admit if job in own]
        skipped = [job for job in decision.skip if job in own]
        changed = {job: replace(own[job], state=JobState.RUNNING) for job in admitted}
        changed |= {job: replace(own[job], state=JobState.SKIPPED) for job in skipped}
        self.workflow = self.workflow.with_jobs(changed)
        self.reasons = {job: why for job, why in decision.reasons.items() if job in own}
        self._admitted.extend(admitted)
        with contextlib.suppress(RuntimeError):  # its loop was closed; nobody is left to wake
            self._loop.call_soon_threadsafe(self._called.set)

    def next(self) -> list[str]:
        """Jobs to start now."""
        self._called.clear()
        # Others' threads may add to it meanwhile; nothing is taken twice or lost.
        admitted = [self._admitted.popleft() for _ in range(len(self._admitted))]
        for job in admitted:
            self._starts[job] = self.attempts(job) + 1
        return admitted

    def attempts(self, job: str) -> int:
        """How often the job was started."""
        return self._starts.get(job, 0)

    def broke(self, job: str, error: BaseException, patience: Patience, now_s: float) -> Job:
        """The job after a failure: tried again after a pause, unless no retry helps."""
        self.errors[job] = error
        retries = self._starts[job] - 1
        if isinstance(error, BadInput) or retries >= patience.retries:
            return Job(job, JobState.FAILED)
        return Job(job, JobState.PENDING, now_s + patience.delay_s * 2.0**retries)

    async def called(self, within_s: float | None) -> bool:
        """Wait to be woken; whether that was within so many seconds."""
        try:
            await asyncio.wait_for(self._called.wait(), within_s)
        except TimeoutError:
            return False
        return True


def _stated_limits() -> Limits:
    stated = settings()
    return Limits(stated.max_workers, stated.max_active_users, stated.rotate_after_s)


def _stated_patience() -> Patience:
    stated = settings()
    return Patience(stated.job_retries, stated.retry_delay_s)


class LocalScheduler:
    """Admits the jobs of all workflows that are carried out in it.

    Args:
        limits: Asked at every decision.
        patience: Asked at every failure.
        clock: Seconds.
        observer: Is shown every decision.
    """

    def __init__(
        self,
        limits: Callable[[], Limits] = _stated_limits,
        patience: Callable[[], Patience] = _stated_patience,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
    ) -> None:
        """Nobody is in."""
        self._limits, self._patience, self._clock = limits, patience, clock
        self._observer = observer
        self._lock = threading.Lock()
        self._guests: dict[str, LocalWorkflow] = {}
        self._places: tuple[Place, ...] = ()
        self._wake_s: float | None = None

    def now_s(self) -> float:
        """The time on the clock of all times here."""
        return self._clock()

    def waiting(self) -> Mapping[str, Reason]:
        """Why each job waits, by its id."""
        with self._lock:
            return {
                job: why for local in self._guests.values() for job, why in local.reasons.items()
            }

    async def carry_out(self, workflow: Workflow, act: Act) -> LocalWorkflow:
        """Do a workflow's jobs as the rules let them; each failure stays in its branch.

        Cancelled, it stops its jobs, waits until they have stopped, and leaves.

        Args:
            workflow: All its jobs PENDING, created at `now_s()`.
            act: Does a job.

        Returns:
            The workflow as it has ended, with what went wrong.
        """
        tasks = set[asyncio.Task[None]]()
        with self._entered(LocalWorkflow(workflow)) as local:
            try:
                while local.workflow.outcome() is None:
                    for job in local.next():
                        tasks.add(asyncio.create_task(self._do(local, job, act)))
                    if local.workflow.outcome() is None and not await local.called(self._nap_s()):
                        self._decide()
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                await _stopped(tasks)
        return local

    async def _do(self, local: LocalWorkflow, job: str, act: Act) -> None:
        try:
            await act(job)
        except asyncio.CancelledError as error:
            local.errors[job] = error
            self._change(local, Job(job, JobState.CANCELLED))
            raise
        except BaseException as error:
            self._change(local, local.broke(job, error, self._patience(), self._clock()))
            if not isinstance(error, Exception):
                raise
        else:
            self._change(local, Job(job, JobState.SUCCEEDED))

    @contextmanager
    def _entered(self, local: LocalWorkflow) -> Iterator[LocalWorkflow]:
        with self._lock:
            self._guests[local.workflow.id] = local
        try:
            self._decide()
            yield local
        finally:
            with self._lock:
                del self._guests[local.workflow.id]
            self._decide()

    def _change(self, local: LocalWorkflow, job: Job) -> None:
        with self._lock:
            local.workflow = local.workflow.with_jobs({job.id: job})
        self._decide()

    def _decide(self) -> None:
        with self._lock:
            now_s = self._clock()
            flows = [local.workflow for local in self._guests.values()]
            flows = [flow for flow in flows if flow.outcome() is None]
            decision = decide(flows, self._places, self._limits(), now_s)
            if self._observer:
                self._observer(flows, self._places, now_s, decision)
            self._places, self._wake_s = decision.places, decision.wake_s
            for local in self._guests.values():
                local.take(decision)

    def _nap_s(self) -> float | None:
        """Seconds until something is due by itself; None: never."""
        wake_s = self._wake_s
        return None if wake_s is None else max(wake_s - self._clock(), 0.0)


async def _stopped(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Stop what still runs and wait until it has stopped."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


LOCAL_SCHEDULER = LocalScheduler()
"""The one of this process."""
