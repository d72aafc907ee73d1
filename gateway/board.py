"""How busy the house is, for status and metrics, without asking Prefect for each caller."""

from dataclasses import dataclass
from functools import partial

from prefect.client.orchestration import PrefectClient

from blocks import Tenant
from gateway.moments import Moment
from runs.house import House, Jobs, count_jobs, read_house
from runs.limits import tenant_limit


@dataclass(frozen=True, slots=True)
class Share:
    """What a tenant has of the house.

    Attributes:
        jobs: Its jobs.
        gpu_limit: Its shards that run at the same time.
    """

    jobs: Jobs
    gpu_limit: int


class Board:
    """The house and each tenant's share as they were a moment ago.

    Args:
        client: Prefect's client.
        keep_s: How long what was read counts.
    """

    def __init__(self, client: PrefectClient, keep_s: float) -> None:
        """Nothing is read yet."""
        self._client, self._keep_s = client, keep_s
        self._house = Moment(partial(read_house, client), keep_s)
        self._shares: dict[str, Moment[Share]] = {}

    async def house(self) -> House:
        """How busy the house is."""
        return await self._house.get()

    async def share(self, tenant: Tenant) -> Share:
        """What a tenant has of it."""
        if tenant.id not in self._shares:
            self._shares[tenant.id] = Moment(partial(self._share, tenant), self._keep_s)
        return await self._shares[tenant.id].get()

    async def _share(self, tenant: Tenant) -> Share:
        jobs = await count_jobs(self._client, tenant.id)
        return Share(jobs, await tenant_limit(self._client, tenant))
