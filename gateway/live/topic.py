"""A workflow that is watched: what was told of it, and what was heard since."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.live.closing import Closing
from gateway.live.differences import Steps, news
from gateway.live.messages import Removed, Snapshot, body_of
from gateway.live.steps import Step
from gateway.live.watcher import Watcher
from gateway.showing import Clean, show_job, show_workflow
from runs.views import JobView, WorkflowView

_MOST_RUNS = 20_000
"""Of so many runs of one workflow something is remembered: any event may be sent by anybody."""
_MOST_CHANGED = 400
"""With more the whole workflow is read."""
_STALE_READS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A workflow as it was when it was read.

    Attributes:
        view: What is shown of it.
        now: The state of each of its runs, its own included, by the runs' ids.
    """

    view: WorkflowView
    now: Mapping[str, Step]
    raw: object = None
    """What its source made it of."""


class Topic:
    """A workflow, and those who watch it or a job of it.

    Args:
        workflow: The workflow's id.

    Attributes:
        dirty: Set where it is to be read again.
        opened: Done once it was read, or could not be.
        read_s: When all of it was read last, on the monotonic clock.
        took_s: How long that took.
        clean: For texts; all who watch it are the same tenant's.
    """

    def __init__(self, workflow: str) -> None:
        """Not read yet."""
        self.id = workflow
        self.dirty = asyncio.Event()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.clean: Clean = str
        self.read_s = self.took_s = 0.0
        self._watchers: set[Watcher] = set()
        self._reading: Reading | None = None
        self._whole, self._changed = False, set[str]()
        self._jobs: dict[str, JobView] = {}
        self._heard: dict[str, dict[str, Step]] = {}
        self._snapshots: dict[tuple[str | None, bool], str] = {}
        self._stale = 0

    @property
    def is_open(self) -> bool:
        """Whether it has been read."""
        return self._reading is not None

    def fail(self, error: Exception) -> None:
        """It could not be read."""
        self.opened.set_exception(error)
        self.opened.exception()  # looked at: nobody may be waiting any more

    @property
    def reading(self) -> Reading:
        """The workflow as it was told last."""
        if self._reading is None:
            raise RuntimeError("a topic is looked at before it was read")
        return self._reading

    @property
    def view(self) -> WorkflowView:
        """What is shown of it."""
        return self.reading.view

    def job(self, job: str) -> JobView | None:
        """A job of it."""
        return self._jobs.get(job)

    def join(self, watcher: Watcher) -> None:
        """One more who is to be told."""
        self._watchers.add(watcher)

    def leave(self, watcher: Watcher) -> None:
        """One less."""
        self._watchers.discard(watcher)

    def snapshot(self, job: str | None, left_out: bool) -> str:
        """All there is to know now, written once for all who ask."""
        if (job, left_out) not in self._snapshots:
            self._snapshots[job, left_out] = body_of(self._snapshot(job, left_out))
        return self._snapshots[job, left_out]

    def _snapshot(self, job: str | None, left_out: bool) -> Snapshot:
        if job is None:
            return Snapshot(resync=left_out, workflow=show_workflow(self.view, self.clean))
        view = self.job(job)
        return Snapshot(resync=left_out, job=show_job(view, self.clean) if view else None)

    def hear(self, run: str, step: Step | None) -> None:
        """Take note that something has changed.

        Args:
            run: Id of the run.
            step: Its new state; None: something else.
        """
        if step is not None and (run in self._heard or len(self._heard) < _MOST_RUNS):
            self._heard.setdefault(run, {})[step.id] = step
        self._stale = 0
        self.mark(run)

    def mark(self, *runs: str) -> None:
        """Some runs are to be read again; where none is named, all of them."""
        if not self._whole:
            self._changed.update(runs)
            self._whole = not runs or len(self._changed) > _MOST_CHANGED
        self.dirty.set()

    def take_marks(self) -> frozenset[str]:
        """The runs that are to be read again; none: all of them."""
        changed = frozenset() if self._whole else frozenset(self._changed)
        self._whole = False
        self._changed.clear()
        self.dirty.clear()
        return changed

    def heard(self, run: str) -> Mapping[str, Step]:
        """What was heard of a run and is not told yet."""
        return self._heard.get(run, {})

    def told(self, run: str) -> Step | None:
        """The state of a run that was told last."""
        return self._reading.now.get(run) if self._reading else None

    def take(self, reading: Reading, steps: Steps) -> None:
        """Tell what is new.

        Args:
            reading: How it is.
            steps: How it came about.
        """
        old, self._reading = self._reading, reading
        self._jobs = {job.id: job for job in reading.view.jobs}
        self._snapshots.clear()
        self._forget_told()
        if old is not None and self._watchers:
            for told in news(old.view, reading.view, steps, self.clean):
                for watcher in list(self._watchers):
                    watcher.offer(told)
        if not self.opened.done():
            self.opened.set_result(None)

    def _forget_told(self) -> None:
        """What was heard of and is not there yet is looked for again, a few times."""
        ahead = {run: self._ahead(run) for run in self._heard}
        self._heard = {run: steps for run, steps in ahead.items() if steps}
        if self._heard and self._stale < _STALE_READS:
            self._stale += 1
            self.mark(*self._heard)
        elif self._heard:
            self._heard.clear()

    def _ahead(self, run: str) -> dict[str, Step]:
        told = self.told(run)
        steps = self._heard[run].values()
        return {
            step.id: step
            for step in steps
            if told is None or (step.at >= told.at and step.id != told.id)
        }

    def remove(self) -> None:
        """Tell that it is deleted."""
        gone = body_of(Removed(what="workflow", id=self.id))
        for watcher in list(self._watchers):
            watcher.close(Closing.GONE, gone)
