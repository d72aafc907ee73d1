"""All that one tenant may see: every lookup goes through here, and finds nothing of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends
from fastapi.requests import HTTPConnection
from prefect.client.orchestration import PrefectClient

from blocks import Tenant, TenantUnknown, load_tenant
from gateway.callers import TenantCaller, refused
from gateway.cleaning import cleaned
from gateway.moments import Moment
from gateway.problems import Problem, not_found, of_error
from runs.records import JobRun
from runs.views import (
    JobView,
    RunUnknown,
    WorkflowView,
    job_view,
    read_home,
    read_job,
    read_job_run,
    read_workflow,
)
from slideloom.errors import BadInput

_KEEP_S = 5.0
_View = TypeVar("_View", JobView, WorkflowView)


class Scope:
    """A tenant, and what is theirs.

    Args:
        tenant: The tenant's block.
        client: Prefect's client.
    """

    def __init__(self, tenant: Tenant, client: PrefectClient) -> None:
        """Nothing is read yet."""
        self.tenant, self.client = tenant, client

    @property
    def id(self) -> str:
        """The tenant's id."""
        return self.tenant.id

    async def workflow(self, workflow: UUID) -> WorkflowView:
        """A workflow of theirs.

        Raises:
            Problem: It is not there, or another's.
        """
        with self._missing("workflow"):
            return self._own("workflow", await read_workflow(self.client, workflow))

    async def job(self, job: UUID) -> JobView:
        """A job of theirs.

        Raises:
            Problem: It is not there, or another's.
        """
        with self._missing("job"):
            return self._own("job", await read_job(self.client, job))

    async def job_run(self, job: UUID) -> tuple[JobRun, JobView]:
        """A job of theirs with its run; how far it is is not asked.

        Raises:
            Problem: It is not there, or another's.
        """
        with self._missing("job"):
            run = await read_job_run(self.client, job)
            return run, self._own("job", job_view(run, await read_home(self.client, run), {}))

    def _own(self, what: str, view: _View) -> _View:
        if view.tenant != self.id:
            raise not_found(what)
        return view

    @contextmanager
    def _missing(self, what: str) -> Iterator[None]:
        try:
            yield
        except RunUnknown as error:
            raise not_found(what) from error

    def clean(self, text: str) -> str:
        """A message without the places where the operator keeps things."""
        stores = (self.tenant.slide_store, self.tenant.result_store)
        return cleaned(text, (str(store.root) for store in stores))

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell what is wrong with what the tenant asked for, without those places.

        Raises:
            Problem: Something is.
        """
        try:
            yield
        except BadInput as error:
            problem = of_error(error)
            raise Problem(problem.status, problem.code, self.clean(problem.detail)) from error


class Tenants:
    """Tenants as they were a moment ago."""

    def __init__(self) -> None:
        """Nobody is known yet."""
        self._known: dict[str, Moment[Tenant]] = {}

    async def get(self, tenant: str) -> Tenant:
        """A tenant.

        Raises:
            TenantUnknown: It is not there any more.
        """
        known = self._known.get(tenant) or Moment(partial(load_tenant, tenant), _KEEP_S)
        self._known[tenant] = known
        return await known.get()


async def scope(connection: HTTPConnection, who: TenantCaller) -> Scope:
    """The scope of the tenant who calls.

    Raises:
        Problem: The tenant has been removed; the key is as good as none.
    """
    tenants: Tenants = connection.app.state.tenants
    try:
        tenant = await tenants.get(who.tenant)
    except TenantUnknown as error:
        raise refused() from error
    return Scope(tenant, connection.app.state.prefect)


TenantScope = Annotated[Scope, Depends(scope)]
