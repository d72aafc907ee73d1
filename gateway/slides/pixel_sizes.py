"""What tenants have stated of their slides' pixels, for the jobs that do not say it themselves."""

from gateway.scope import Scope
from gateway.slides.find import stated_mpp
from slideloom.scheduling.spec import WorkflowSpec


async def with_stated_mpp(scope: Scope, spec: WorkflowSpec) -> WorkflowSpec:
    """The spec with the tenant's µm per pixel in each job that names none.

    Raises:
        StoreFailed: The tenant's store does not answer.
    """
    jobs = [job for branch in spec.branches for job in branch.jobs if job.mpp is None]
    stated = {slide: await stated_mpp(scope, slide) for slide in {job.slide for job in jobs}}
    if not any(stated.values()):
        return spec
    branches = [
        branch.model_copy(
            update={
                "jobs": [
                    job if job.mpp else job.model_copy(update={"mpp": stated[job.slide]})
                    for job in branch.jobs
                ]
            }
        )
        for branch in spec.branches
    ]
    return spec.model_copy(update={"branches": branches})
