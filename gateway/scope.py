"""All that one tenant may see: every lookup goes through here, and finds nothing of others."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.requests import HTTPConnection
from prefect.client.orchestration import PrefectClient

from blocks import Tenant, TenantUnknown, load_tenant
from gateway.callers import TenantCaller, refused
from gateway.cleaning import cleaned
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
        try:
            view = await read_workflow(self.client, workflow)
        except RunUnknown as error:
            raise not_found("workflow") from error
        if view.tenant != self.id:
            raise not_found("workflow")
        return view

    async def job(self, job: UUID) -> JobView:
        """A job of theirs.

        Raises:
            Problem: It is not there, or another's.
        """
        try:
            view = await read_job(self.client, job)
        except RunUnknown as error:
            raise not_found("job") from error
        if view.tenant != self.id:
            raise not_found("job")
        return view

    async def job_run(self, job: UUID) -> tuple[JobRun, JobView]:
        """A job of theirs with its run; how far it is is not asked.

        Raises:
            Problem: It is not there, or another's.
        """
        try:
            run = await read_job_run(self.client, job)
        except RunUnknown as error:
            raise not_found("job") from error
        view = job_view(run, await read_home(self.client, run), {})
        if view.tenant != self.id:
            raise not_found("job")
        return run, view

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
        self._known: dict[str, tuple[float, Tenant]] = {}

    async def get(self, tenant: str) -> Tenant:
        """A tenant.

        Raises:
            TenantUnknown: It is not there any more.
        """
        at, block = self._known.get(tenant, (float("-inf"), None))
        if block is None or time.monotonic() - at >= _KEEP_S:
            block = await load_tenant(tenant)
            self._known[tenant] = time.monotonic(), block
        return block


async def scope(connection: HTTPConnection, who: TenantCaller) -> AsyncIterator[Scope]:
    """The scope of the tenant who calls.

    Raises:
        Problem: The tenant has been removed; the key is as good as none.
    """
    tenants: Tenants = connection.app.state.tenants
    try:
        tenant = await tenants.get(who.tenant)
    except TenantUnknown as error:
        raise refused() from error
    yield Scope(tenant, connection.app.state.prefect)


TenantScope = Annotated[Scope, Depends(scope)]
