"""How many sockets there may be, and which of them are open for which key."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from blocks import TenantUnknown
from blocks.keys import find_key
from gateway.callers import Caller
from gateway.live.closing import Closing
from gateway.live.watcher import Watcher
from gateway.metrics import WEBSOCKETS
from gateway.problems import Problem
from gateway.scope import Tenants
from runs.ending import end

_log = logging.getLogger(__name__)
_AFTER = {"Retry-After": "10"}
_LEAST_S = 0.5


class Places:
    """The sockets that are open.

    Args:
        most: Of all tenants.
        most_each: Of one tenant.
    """

    def __init__(self, most: int, most_each: int) -> None:
        """None yet."""
        self._most, self._most_each = most, most_each
        self._taken: Counter[str] = Counter()
        self._open: dict[Watcher, Caller] = {}

    @contextmanager
    def taken(self, who: Caller) -> Iterator[None]:
        """A place for a socket while the block runs.

        Raises:
            Problem: There is none left.
        """
        if self._taken[who.tenant] >= self._most_each:
            detail = f"a tenant may watch over {self._most_each} sockets at a time: close some"
            raise Problem(429, "too_many_sockets", detail, _AFTER)
        if self._taken.total() >= self._most:
            raise Problem(503, "unavailable", "all sockets are taken: try again later", _AFTER)
        self._taken[who.tenant] += 1
        try:
            yield
        finally:
            self._taken[who.tenant] -= 1
            if not self._taken[who.tenant]:
                del self._taken[who.tenant]

    @contextmanager
    def held(self, who: Caller, watcher: Watcher) -> Iterator[None]:
        """While the block runs, the watcher is closed when the key ends."""
        self._open[watcher] = who
        try:
            with WEBSOCKETS.track_inprogress():
                yield
        finally:
            del self._open[watcher]

    @asynccontextmanager
    async def checked(self, tenants: Tenants, every_s: float) -> AsyncIterator[None]:
        """Close the sockets of keys that have ended, while the block runs.

        Args:
            tenants: Those who may have been removed.
            every_s: How often it is looked.
        """
        task = asyncio.create_task(self._check_for_ever(tenants, max(every_s, _LEAST_S)))
        try:
            yield
        finally:
            await end(task)

    async def _check_for_ever(self, tenants: Tenants, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self._check(tenants)
            except Exception as error:  # noqa: BLE001 - it will be looked again
                _log.warning("keys of open sockets could not be checked: %r", error)

    async def _check(self, tenants: Tenants) -> None:
        """One question to Prefect for each key, not for each socket."""
        for key, tenant in {(who.key.id, who.tenant) for who in self._open.values()}:
            if not await _is_valid(key, tenant, tenants):
                for watcher, who in list(self._open.items()):
                    if who.key.id == key:
                        watcher.close(Closing.KEY_ENDED)


async def _is_valid(key_id: str, tenant: str, tenants: Tenants) -> bool:
    key = await find_key(key_id)
    with contextlib.suppress(TenantUnknown):
        await tenants.get(tenant)
        return key is not None and key.is_valid(datetime.now(UTC))
    return False
