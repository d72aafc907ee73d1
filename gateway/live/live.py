"""All that watching needs, for as long as the door is open."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from gateway.live.feed import WANTED, take_note
from gateway.live.hub import Hub, Pace
from gateway.live.places import Places
from gateway.live.source import PrefectSource
from gateway.scope import Tenants
from gateway.settings import GatewaySettings
from runs.events import heard
from runs.views import read_job_run

_MOST_HOMES = 10_000


class Live:
    """What is watched, and by how many.

    Args:
        client: Prefect's client.
        settings: The door's.

    Attributes:
        hub: What is watched.
        places: Who watches.
        settings: The door's.
    """

    def __init__(self, client: PrefectClient, settings: GatewaySettings) -> None:
        """Nobody watches yet."""
        self._client, self.settings = client, settings
        self.hub = Hub(
            PrefectSource(client), Pace(settings.live_interval_s, settings.live_recheck_s)
        )
        self.places = Places(settings.live_sockets, settings.live_sockets_per_tenant)
        self._homes: OrderedDict[str, str] = OrderedDict()

    async def home_of(self, job: UUID) -> str:
        """The workflow of a job, which never changes; at most one request.

        Raises:
            RunUnknown: There is no such job.
        """
        key = str(job)
        home = self.hub.home_of(key) or self._homes.get(key)
        if home is None:
            home = (await read_job_run(self._client, job)).workflow
        self._homes[key] = home
        self._homes.move_to_end(key)
        while len(self._homes) > _MOST_HOMES:
            self._homes.popitem(last=False)
        return home


@asynccontextmanager
async def watching(
    client: PrefectClient, tenants: Tenants, settings: GatewaySettings
) -> AsyncIterator[Live]:
    """Listen to Prefect, once for all sockets of this process, while the block runs."""
    live = Live(client, settings)

    def hears(does: bool) -> None:
        if does:
            live.hub.miss()

    async with (
        heard(WANTED, partial(take_note, live.hub), hears),
        live.places.checked(tenants, settings.key_cache_s),
    ):
        yield live
