"""What the dispatcher remembers of runs between two passes: a cache, never the truth."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from prefect.client.schemas.objects import StateType

from runs.reading import ENDED, Due, Patience, Shape, assemble, meaning, shape_of
from runs.records import JobRun, WorkflowRun
from slideloom.scheduling.state import Branch, Job, JobState, Workflow

_Place = tuple[int, int]


@dataclass(slots=True)
class RunCache:
    """Runs of all workflows that are not over.

    Attributes:
        patience: Automatic retries.
        jobs: Jobs' runs by id.
        workflows: Workflows' runs by id.
        by_hand: Ids of Scheduled states that no admission led to.
        judged: Ids of Scheduled states that were looked into.
    """

    patience: Patience
    jobs: dict[str, JobRun] = field(default_factory=dict)
    workflows: dict[str, WorkflowRun] = field(default_factory=dict)
    by_hand: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)
    _members: dict[str, dict[_Place, str]] = field(default_factory=lambda: defaultdict(dict))
    _assembled: dict[str, Workflow] = field(default_factory=dict)
    _shapes: dict[str, Shape | None] = field(default_factory=dict)

    def put_job(self, run: JobRun) -> None:
        """Take note of a job's run; a second one in the same place is none of ours."""
        places = self._members[run.workflow]
        if places.setdefault((run.branch, run.index), run.id) != run.id:
            return
        self.jobs[run.id] = run
        self._assembled.pop(run.workflow, None)

    def retag(self, job: str, tags: frozenset[str]) -> None:
        """Take note of new tags of a job's run; they mean nothing to the policy."""
        if run := self.jobs.get(job):
            self.jobs[job] = replace(run, tags=tags)

    def put_workflow(self, run: WorkflowRun) -> None:
        """Take note of a workflow's run."""
        self.workflows[run.id] = run
        self._assembled.pop(run.id, None)

    def forget(self, workflow: str) -> None:
        """Drop a workflow with its jobs."""
        for job in self._members.pop(workflow, {}).values():
            self.jobs.pop(job, None)
        self.workflows.pop(workflow, None)
        self._shapes.pop(workflow, None)
        self._assembled.pop(workflow, None)

    def forget_job(self, job: str) -> None:
        """Drop a job whose run was deleted."""
        if run := self.jobs.pop(job, None):
            self._members[run.workflow].pop((run.branch, run.index), None)
            self._assembled.pop(run.workflow, None)

    def jobs_of(self, workflow: str) -> Iterator[JobRun]:
        """Runs of a workflow's jobs that are known."""
        return (self.jobs[job] for job in self._members.get(workflow, {}).values())

    def unjudged(self) -> list[JobRun]:
        """Runs that wait for a worker and may have got there past the dispatcher."""
        return [
            run
            for run in self.jobs.values()
            if run.type is StateType.SCHEDULED and run.state_id not in self.judged
        ]

    def judge(self, state_id: str, by_hand: bool) -> None:
        """Remember whether a Scheduled state was reached past the dispatcher."""
        self.judged.add(state_id)
        if by_hand:
            self.by_hand.add(state_id)

    def meaning(self, run: JobRun) -> tuple[Job, Due]:
        """What a run is to the scheduler, and what is due."""
        over = run.workflow in self.workflows and self.is_cancelled(run.workflow)
        patience = Patience(0) if over else self.patience
        return meaning(run, patience, run.state_id in self.by_hand)

    def is_complete(self, workflow: str) -> bool:
        """Whether all jobs of the workflow's spec are there."""
        run = self.workflows.get(workflow)
        shape = self._shape(run) if run else None
        return shape is not None and len(self._members.get(workflow, {})) == shape.jobs

    def _shape(self, run: WorkflowRun) -> Shape | None:
        """Parameters of a run do not change, so its spec is read once."""
        if run.id not in self._shapes:
            self._shapes[run.id] = shape_of(run.spec)
        return self._shapes[run.id]

    def policy_view(self) -> list[Workflow]:
        """All workflows as the policy wants them."""
        return [self.view(workflow) for workflow in self.workflows]

    def view(self, workflow: str) -> Workflow:
        """The workflow as the policy wants it.

        Of one that is cancelled or not complete there are only the jobs that occupy workers:
        nothing may be admitted from it.
        """
        if workflow not in self._assembled:
            run = self.workflows[workflow]
            closed = self.is_cancelled(workflow) or not self.is_complete(workflow)
            make = self._occupying if closed else self._whole
            self._assembled[workflow] = make(run)
        return self._assembled[workflow]

    def is_cancelled(self, workflow: str) -> bool:
        """Whether its jobs are to be cancelled."""
        return self.workflows[workflow].is_withdrawn

    def _whole(self, run: WorkflowRun) -> Workflow:
        shape, places = self._shape(run), self._members[run.id]
        if shape is None or set(places) != _all_places(shape):
            return self._occupying(run)
        jobs = [
            [self.meaning(self.jobs[places[number, index]])[0] for index in range(len(branch.jobs))]
            for number, branch in enumerate(shape.branches)
        ]
        return assemble(run, shape, jobs)

    def _occupying(self, run: WorkflowRun) -> Workflow:
        jobs = list(self.jobs_of(run.id))
        meant = (self.meaning(job)[0] for job in jobs)
        occupying = tuple(Branch(job.id, (job,)) for job in meant if job.state is JobState.RUNNING)
        return Workflow(run.id, jobs[0].tenant if jobs else "", run.created_s, occupying)

    def close(self) -> None:
        """Forget the workflows that are over."""
        for workflow in [each for each in self.workflows if self._is_over(each)]:
            self.forget(workflow)
        live = {run.state_id for run in self.jobs.values()}
        self.judged &= live
        self.by_hand &= live

    def _is_over(self, workflow: str) -> bool:
        run = self.workflows[workflow]
        if run.type not in ENDED or run.type is StateType.CRASHED:
            return False
        return all(self._is_settled(job) for job in self.jobs_of(workflow))

    def _is_settled(self, run: JobRun) -> bool:
        return run.type in ENDED and self.meaning(run)[1] is Due.NOTHING


def _all_places(shape: Shape) -> set[_Place]:
    return {
        (number, index)
        for number, branch in enumerate(shape.branches)
        for index in range(len(branch.jobs))
    }
