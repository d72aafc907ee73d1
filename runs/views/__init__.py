"""What people and programs are shown of workflows and jobs, read off the server."""

from runs.views.listing import page_of_jobs, page_of_workflows
from runs.views.making import job_view, workflow_view
from runs.views.reading import (
    RunUnknown,
    list_workflows,
    read_home,
    read_job,
    read_job_run,
    read_tiles,
    read_workflow,
    read_workflow_run,
    read_workflow_runs,
    unknown,
)
from runs.views.shapes import BranchView, JobView, WorkflowLine, WorkflowView, plain

__all__ = [
    "BranchView",
    "JobView",
    "RunUnknown",
    "WorkflowLine",
    "WorkflowView",
    "job_view",
    "list_workflows",
    "page_of_jobs",
    "page_of_workflows",
    "plain",
    "read_home",
    "read_job",
    "read_job_run",
    "read_tiles",
    "read_workflow",
    "read_workflow_run",
    "read_workflow_runs",
    "unknown",
    "workflow_view",
]
