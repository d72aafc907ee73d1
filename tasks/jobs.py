"""From a spec to its jobs, each with everything said: whole paths, model, result folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from runs.creation import NewJob
from slideloom.errors import BadInput, ModelUnavailable
from slideloom.models.files import is_path
from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.scheduling.spec import WorkflowSpec
from tasks.naming import job_name
from tasks.refusing import refuse

AnyJob = SegmentCells | TissueMaskJob
NO_MASK = frozenset({"auto", "off"})
"""What `tissue` may say that is no path."""


class Places(Protocol):
    """Where a tenant's slides are and its results go."""

    @property
    def model(self) -> str:
        """Model of jobs that name none."""
        ...

    def slide_at(self, slide: str) -> str:
        """The whole path of a slide, or of a mask; or its address in S3."""
        ...

    def result_at(self, workflow: object, branch: int, index: int) -> str:
        """Folder of a job's result, or its address in S3."""
        ...

    def is_here(self, at: str) -> bool:
        """Whether what is at such an address is a file of this machine.

        Raises:
            SlideUnreadable: It is elsewhere, and not there, or may not be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """A job that can be run anywhere on this machine.

    Attributes:
        branch: Number of its branch, from 0.
        index: Number of the job in its branch, from 0.
        branch_name: Name of its branch.
        job: Its parameters; all paths are whole.
        out: Folder of its result, or its address in S3.
    """

    branch: int
    index: int
    branch_name: str
    job: AnyJob
    out: str

    @property
    def name(self) -> str:
        """Readable name."""
        return job_name(self.job.kind, self.job.slide)

    def as_new(self) -> NewJob:
        """As what its run is made of."""
        parameters = {"job": self.job.model_dump(mode="json"), "out": self.out}
        return NewJob(
            self.branch, self.index, self.branch_name, self.job.kind, self.name, parameters
        )


def plan_jobs(
    spec: WorkflowSpec, places: Places, workflow: object, models_by_path: bool = True
) -> list[Planned]:
    """All jobs of a workflow, in order.

    Args:
        spec: The spec.
        places: The tenant's.
        workflow: Id of the workflow.
        models_by_path: A job may give its model as a path; not where tenants share a machine.

    Raises:
        WorkflowRefused: A path or a model cannot be used; the message names each.
    """
    planned, problems = [], []
    for number, index, stated in _jobs(spec):
        try:
            job = _resolved(stated, places, models_by_path)
            out = places.result_at(workflow, number, index)
        except BadInput as error:
            problems.append(str(error))
        else:
            planned.append(Planned(number, index, spec.branches[number].name, job, out))
    refuse(problems)
    return planned


def _jobs(spec: WorkflowSpec) -> Iterator[tuple[int, int, AnyJob]]:
    for number, branch in enumerate(spec.branches):
        for index, job in enumerate(branch.jobs):
            yield number, index, job


def _resolved(job: AnyJob, places: Places, models_by_path: bool) -> AnyJob:
    changed: dict[str, Any] = {"slide": places.slide_at(job.slide)}
    if isinstance(job, SegmentCells):
        if job.tissue not in NO_MASK:
            changed["tissue"] = places.slide_at(job.tissue)
        if "model" not in job.model_fields_set:
            changed["model"] = places.model
        elif is_path(job.model) and not models_by_path:
            raise ModelUnavailable(
                f"model {job.model!r} is a path: name a model of the server (`slideloom models` "
                "lists them)"
            )
    return job.model_copy(update=changed)
