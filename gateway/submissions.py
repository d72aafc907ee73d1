"""A workflow's way in: read, compared with what is there, counted, and handed to the dispatcher.

One `run-workflow` run is all that is made: the same that every other way in makes. What can be said
at once is said here (a slide that is not there, an unknown model); no slide is opened in this
process, so what only its content tells is the run's to find out.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from prefect.client.orchestration import PrefectClient

from blocks import Tenant
from blocks.paths import is_remote
from gateway.moments import Moment
from gateway.problems import Problem
from gateway.scope import Scope
from gateway.settings import GatewaySettings
from gateway.shelf import Shelf
from gateway.slides.pixel_sizes import with_stated_mpp
from runs.names import RUN_WORKFLOW
from runs.paging import deployment_ids
from runs.records import WorkflowRun
from runs.requests import count_open, create_workflow_run, find_submitted
from runs.views import WorkflowView, workflow_view
from slideloom.errors import BadInput, SlideloomError, SlideUnreadable
from slideloom.parameters import SegmentCells
from slideloom.scheduling.spec import WorkflowSpec, parse_spec
from tasks.jobs import NO_MASK, Planned, plan_jobs
from tasks.refusing import refuse

_AGAIN_S = 30
_KEEP_S = 10.0
"""For which the id of the deployment counts: registering again keeps it."""
_NOT_MADE_YET = UUID(int=0)
_Result = TypeVar("_Result")


class Submissions:
    """Takes workflows.

    Args:
        client: Prefect's client.
        shelf: The models that are there.
        stated: Bounds of what may be open.
    """

    def __init__(self, client: PrefectClient, shelf: Shelf, stated: GatewaySettings) -> None:
        """Nobody submits yet."""
        self._shelf, self._stated = shelf, stated
        self._ids = Moment(partial(deployment_ids, client, [RUN_WORKFLOW]), _KEEP_S)
        self._coming: Counter[str] = Counter()
        self._room = anyio.CapacityLimiter(stated.checks_at_once)

    async def take(self, scope: Scope, body: bytes, key: str | None) -> WorkflowView:
        """Make the workflow's run, or find the one that was made with this key.

        Prefect is asked three times: what is open, twice, and for the run. What a key stands for is
        looked up only where the spec would be refused now, or where it proves to be an old one.

        Args:
            scope: Whose it is.
            body: The spec in YAML or JSON.
            key: With the same key the same spec is the same workflow.

        Returns:
            The workflow.

        Raises:
            BadInput: It cannot be run as it stands, or the key stands for another one.
            Problem: It is another tenant's, or too much is open.
        """
        spec = await self._in_thread(partial(parse_spec, body, scope.id))
        if spec.tenant != scope.id:
            detail = f"tenant: this is {scope.id}'s key: name that tenant, or none"
            raise Problem(422, "tenant_mismatch", detail)
        try:
            made = await self._make(scope, spec, key)
        except (SlideloomError, Problem):
            there = await find_submitted(scope.client, spec, key) if key else None
            if there is None:
                raise
            return await scope.workflow(UUID(there))
        return workflow_view(made, (), {}) if made.is_new else await scope.workflow(UUID(made.id))

    async def _make(self, scope: Scope, spec: WorkflowSpec, key: str | None) -> WorkflowRun:
        filled = await with_stated_mpp(scope, spec)
        await self._check(scope.tenant, filled)
        with self._counted(scope.id):
            await self._refuse_too_many(scope, filled)
            deployment = (await self._ids.get())[RUN_WORKFLOW]
            return await create_workflow_run(scope.client, deployment, filled, key, stated=spec)

    async def _check(self, tenant: Tenant, spec: WorkflowSpec) -> None:
        """Look for every slide, mask and model, each once."""
        plan = partial(plan_jobs, spec, tenant, _NOT_MADE_YET, models_by_path=False)
        jobs = await self._in_thread(plan)
        folder = await self._shelf.folder()
        looks = [partial(self._shelf.check, name, folder) for name in _models(jobs)]
        looks += [partial(_look_for, at, tenant) for at in _files(jobs)]
        said = await asyncio.gather(*(self._in_thread(partial(_said, look)) for look in looks))
        refuse([problem for problem in said if problem])

    async def _refuse_too_many(self, scope: Scope, spec: WorkflowSpec) -> None:
        """What is just being made counts as well: of many at once none slips through."""
        workflows, jobs = await count_open(scope.client, scope.id)
        jobs += sum(len(branch.jobs) for branch in spec.branches)
        most = self._stated
        if workflows + self._coming[scope.id] > most.open_workflows or jobs > most.open_jobs:
            raise Problem(
                429,
                "too_many_open",
                f"at most {most.open_workflows} workflows with {most.open_jobs} jobs may be open: "
                "wait until some have ended, or cancel some",
                {"Retry-After": str(_AGAIN_S)},
            )

    @contextmanager
    def _counted(self, tenant: str) -> Iterator[None]:
        self._coming[tenant] += 1
        try:
            yield
        finally:
            self._coming[tenant] -= 1
            self._coming += Counter()  # forgets those who have none

    async def _in_thread(self, act: Callable[[], _Result]) -> _Result:
        return await run_sync(act, limiter=self._room)


def _models(jobs: Sequence[Planned]) -> list[str]:
    stated = (planned.job for planned in jobs)
    return sorted({job.model for job in stated if isinstance(job, SegmentCells)})


def _files(jobs: Sequence[Planned]) -> list[str]:
    """Addresses of all slides and masks."""
    stated = [planned.job for planned in jobs]
    masks = {job.tissue for job in stated if isinstance(job, SegmentCells)} - NO_MASK
    return sorted({job.slide for job in stated} | masks)


def _look_for(at: str, tenant: Tenant) -> None:
    if is_remote(at):
        tenant.is_here(at)
    elif not _is_file(Path(at)):
        raise SlideUnreadable(f"{at} is not there: upload it, or check the name")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have this name, or this process may not look
        return False


def _said(look: Callable[[], None]) -> str | None:
    """What is wrong, or nothing."""
    try:
        look()
    except BadInput as error:
        return str(error)
    return None
