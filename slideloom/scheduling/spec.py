"""The workflow spec: branches of jobs, in YAML, JSON or Python.

Forms and the API's reference are made from these models; whatever way a spec comes in, it is
checked here and nowhere else.
"""

import math
import re
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.scheduling import graph
from slideloom.scheduling.errors import SpecUnusable
from slideloom.scheduling.refusals import one_line
from slideloom.scheduling.text import Document, read

MAX_BRANCHES = 100
MAX_JOBS = 1000
MAX_JOBS_IN_BRANCH = 500
MAX_TEXT = 1024
"""Characters of a path or model name in a job."""

TENANT_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

TenantId = Annotated[
    str,
    Field(
        pattern=TENANT_PATTERN,
        description="Who owns the workflow: lower-case letters, digits and hyphens, at most 63.",
    ),
]
BranchName = Annotated[str, Field(min_length=1, max_length=63, pattern=_PRINTABLE)]


def _sensible(job: SegmentCells | TissueMaskJob) -> SegmentCells | TissueMaskJob:
    """Refuse at the door what would only be found out when the job runs."""
    for name, value in job:
        if isinstance(value, str) and (len(value) > MAX_TEXT or _CONTROL.search(value)):
            raise ValueError(
                f"{name} must be at most {MAX_TEXT} characters without control characters"
            )
    if job.mpp is not None and not (math.isfinite(job.mpp) and job.mpp > 0):
        raise ValueError(f"mpp must be a positive number of µm per pixel, not {job.mpp}")
    if isinstance(job, SegmentCells) and job.overlap > job.tile_size // 2:
        raise ValueError(f"overlap {job.overlap} must be at most half of tile_size {job.tile_size}")
    return job


JobSpec = Annotated[
    Annotated[SegmentCells | TissueMaskJob, Field(discriminator="kind")],
    AfterValidator(_sensible),
]
"""One long image task on one slide; `kind` says which."""


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class BranchSpec(_Spec):
    """Jobs that run one after the other."""

    name: BranchName = Field(description="Name of the branch, its own within the workflow.")
    needs: list[BranchName] = Field(
        default_factory=list,
        max_length=MAX_BRANCHES,
        description="Branches that must have succeeded before this one starts.",
    )
    jobs: list[JobSpec] = Field(
        min_length=1,
        max_length=MAX_JOBS_IN_BRANCH,
        description="Jobs of the branch, run one at a time in this order.",
    )


class WorkflowSpec(_Spec):
    """What a tenant submits: branches of jobs, in parallel unless one needs another."""

    tenant: TenantId
    name: str = Field(
        min_length=1, max_length=120, pattern=_PRINTABLE, description="Name for people to read."
    )
    branches: list[BranchSpec] = Field(
        min_length=1, max_length=MAX_BRANCHES, description="Branches of the workflow."
    )

    @model_validator(mode="after")
    def _can_be_run(self) -> "WorkflowSpec":
        said = graph.problem((branch.name, branch.needs) for branch in self.branches)
        if said:
            raise ValueError(said)
        jobs = sum(len(branch.jobs) for branch in self.branches)
        if jobs > MAX_JOBS:
            raise ValueError(f"{jobs} jobs are more than {MAX_JOBS}: split them over workflows")
        return self


def parse_spec(text: str | bytes, tenant: str | None = None) -> WorkflowSpec:
    """Read a spec from YAML or JSON.

    Args:
        text: The spec.
        tenant: Whose it is where the text does not say it.

    Raises:
        SpecUnusable: In one line where, what, and what to do about it.
    """
    document = read(text)
    if tenant is not None and isinstance(document.value, dict):
        document.value.setdefault("tenant", tenant)
    return _checked(document)


def check_spec(content: Any) -> WorkflowSpec:
    """The spec in plain data, such as a request's body.

    Raises:
        SpecUnusable: In one line where, what, and what to do about it.
    """
    return _checked(Document(content, {}))


def to_yaml(spec: WorkflowSpec) -> str:
    """The spec as YAML, with every default written out, so that it means the same everywhere."""
    content = spec.model_dump(mode="json", exclude_none=True)
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return text


def branches_in_order(spec: WorkflowSpec) -> list[str]:
    """Names of the branches, each after all that it needs, otherwise as written."""
    return graph.in_order({branch.name: branch.needs for branch in spec.branches})


def _checked(document: Document) -> WorkflowSpec:
    try:
        return WorkflowSpec.model_validate(document.value)
    except ValidationError as error:
        raise SpecUnusable(one_line(error, document)) from error
