"""What whoever called `run_workflow` from Python gets back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from runs.views import BranchView, JobView, WorkflowView, plain
from slideloom.errors import SlideloomError
from slideloom.scheduling.spec import WorkflowSpec
from slideloom.scheduling.state import Job, JobState
from tasks.closing import verdict
from tasks.jobs import Planned
from tasks.local import LocalWorkflow


class WorkflowFailed(SlideloomError):
    """A workflow has not succeeded.

    Attributes:
        outcome: What would have been returned: the workflow as it has ended, with all its jobs.
    """

    def __init__(self, message: str, outcome: Mapping[str, Any]) -> None:
        """What is said, and the workflow."""
        super().__init__(message)
        self.outcome = outcome


class WorkflowCancelled(WorkflowFailed):
    """A workflow, or one of its jobs, was cancelled, and no job has failed."""


def returned(view: WorkflowView) -> dict[str, Any]:
    """The workflow as plain data.

    Raises:
        WorkflowFailed: It has failed.
        WorkflowCancelled: It was cancelled.
    """
    outcome = plain(view)
    if view.state is JobState.SUCCEEDED:
        return outcome
    ill = WorkflowCancelled if view.state is JobState.CANCELLED else WorkflowFailed
    said = view.message or f"it is {view.state}"
    raise ill(f"workflow {view.tenant}: {view.name} ({view.id}): {said}", outcome)


def view_of(
    workflow: str,
    spec: WorkflowSpec,
    planned: Sequence[Planned],
    local: LocalWorkflow,
    created: datetime,
) -> WorkflowView:
    """A workflow that was carried out in this process, as a server would show it."""
    branches = tuple(
        BranchView(
            stated.name,
            tuple(stated.needs),
            tuple(
                _job_view(workflow, spec, job, plan, local)
                for job, plan in zip(branch.jobs, _of(planned, number), strict=True)
            ),
        )
        for number, (stated, branch) in enumerate(
            zip(spec.branches, local.workflow.branches, strict=True)
        )
    )
    jobs = [job for branch in local.workflow.branches for job in branch.jobs]
    names = [f"{plan.name} ({plan.branch_name})" for plan in planned]
    state, said = verdict([(name, job.state) for name, job in zip(names, jobs, strict=True)])
    causes = [str(error) for error in local.errors.values() if str(error)]
    message = f"{said}: {causes[0]}" if state is JobState.FAILED and causes else said
    return WorkflowView(
        id=workflow,
        tenant=spec.tenant,
        name=spec.name,
        state=state,
        message=message,
        created=created,
        done=len(jobs),
        total=len(jobs),
        branches=branches,
    )


def _of(planned: Sequence[Planned], branch: int) -> list[Planned]:
    return [plan for plan in planned if plan.branch == branch]


def _job_view(
    workflow: str, spec: WorkflowSpec, job: Job, plan: Planned, local: LocalWorkflow
) -> JobView:
    error = local.errors.get(job.id) if job.state is JobState.FAILED else None
    return JobView(
        id=job.id,
        tenant=spec.tenant,
        workflow=workflow,
        branch=plan.branch_name,
        number=plan.index + 1,
        kind=plan.job.kind,
        slide=plan.job.slide,
        state=job.state,
        reason=None,
        attempt=local.attempts(job.id),
        done=None,
        total=None,
        message=str(error or ""),
        folder=str(plan.out),
        error=type(error).__name__ if error else None,
        mpp=plan.job.mpp,
    )
