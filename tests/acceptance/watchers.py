"""`python -m tests.acceptance.watchers KEY ADDRESS...`: watches until its standard input ends.

Says `ready` once every socket has its snapshot, and at the end prints, as JSON, how old each state
was when it was told (seconds), and how many messages there were of each type.
"""

import asyncio
import json
import resource
import sys
from collections import Counter
from datetime import UTC, datetime

from websockets.asyncio.client import connect

from gateway.live.messages import MESSAGES

_AT_ONCE = 50


class Crowd:
    """Watchers, and what they were told."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.types: Counter[str] = Counter()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._begun = asyncio.Event()

    async def watch(self, address: str, key: str, ready: asyncio.Semaphore) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with self._room:
            socket = await connect(
                address, additional_headers=headers, proxy=None, compression=None, open_timeout=120
            )
        async with socket:
            self._take(await socket.recv())
            ready.release()
            async for text in socket:
                self._take(text)

    def _take(self, text: str | bytes) -> None:
        now = datetime.now(UTC)
        message = MESSAGES.validate_json(text)
        self.types[message.type] += 1
        if message.type == "state":
            self.delays += [(now - step.at).total_seconds() for step in message.steps]


async def main() -> None:
    key, *addresses = sys.argv[1:]
    crowd, ready = Crowd(), asyncio.Semaphore(0)
    tasks = [asyncio.create_task(crowd.watch(each, key, ready)) for each in addresses]
    for _ in addresses:
        await ready.acquire()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    assert not any(task.done() for task in tasks)
    print(json.dumps({"delays": crowd.delays, "types": crowd.types}), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def allow_sockets() -> None:
    """Let this process have as many as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    allow_sockets()
    asyncio.run(main())
