"""Who holds a key, with as few questions to Prefect as possible."""

from collections import OrderedDict
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial

from pydantic import SecretStr

from blocks.keys import DoorKey, find_key, read_key
from gateway.moments import Moment

_MOST = 10_000
_NOBODYS = DoorKey(
    digest="0" * 64, cookie_secret=SecretStr(""), created=datetime.fromtimestamp(0, UTC)
)


class Keyring:
    """Keys as they were a moment ago; those that are not there are remembered, too.

    Args:
        keep_s: How long what was read counts.
    """

    def __init__(self, keep_s: float) -> None:
        """Nothing is known yet."""
        self._keep_s = keep_s
        self._known: OrderedDict[str, Moment[DoorKey | None]] = OrderedDict()

    async def of_text(
        self, text: str, lane: AbstractAsyncContextManager[object] | None = None
    ) -> DoorKey | None:
        """The key of this text, if it opens the door.

        Args:
            text: What was shown.
            lane: Held while Prefect is asked.
        """
        given = read_key(text)
        if given is None:
            return None
        key = await self.of_id(given.id, lane)
        proven = (key or _NOBODYS).proves(given.secret)
        return key if key and proven else None

    async def of_id(
        self, key_id: str, lane: AbstractAsyncContextManager[object] | None = None
    ) -> DoorKey | None:
        """The key of this id, if it is valid now.

        Args:
            key_id: Its id.
            lane: Held while Prefect is asked.
        """
        known = self._known.get(key_id) or Moment(partial(find_key, key_id), self._keep_s)
        self._known[key_id] = known
        self._known.move_to_end(key_id)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        # One that has opened the door before need not queue behind what others guess.
        async with nullcontext() if known.last or lane is None else lane:
            key = await known.get()
        return key if key and key.is_valid(datetime.now(UTC)) else None
