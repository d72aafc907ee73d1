"""Writes down when keys are used, behind the requests' backs: no request waits for it or fails."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient

from blocks.key_use import write_use

_EVERY_S = 60.0
_log = logging.getLogger(__name__)


class LastUses:
    """What is still to be written: each key at most once a minute.

    Args:
        client: Prefect's client.
    """

    def __init__(self, client: PrefectClient) -> None:
        """Nothing to write yet."""
        self._client = client
        self._noted_s: dict[str, float] = {}
        self._due: dict[str, datetime] = {}
        self._work = asyncio.Event()

    def note(self, key_id: str) -> None:
        """A key that opens the door was used just now."""
        now_s = time.monotonic()
        if now_s - self._noted_s.get(key_id, float("-inf")) < _EVERY_S:
            return
        self._noted_s[key_id], self._due[key_id] = now_s, datetime.now(UTC)
        self._work.set()

    async def write(self) -> None:
        """Write what is due, one after the other, for ever; what fails waits for the next use."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._due:
                key_id, at = self._due.popitem()
                try:
                    await write_use(self._client, key_id, at)
                except Exception as error:  # noqa: BLE001 - the door does not depend on it
                    said = type(error).__name__
                    _log.warning("last use of key %s is not written: %s", key_id, said)


@asynccontextmanager
async def uses_written(client: PrefectClient) -> AsyncIterator[LastUses]:
    """Write last uses while the block runs."""
    uses = LastUses(client)
    writing = asyncio.create_task(uses.write())
    try:
        yield uses
    finally:
        writing.cancel()
        await asyncio.wait([writing])
