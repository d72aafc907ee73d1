"""What a door asks of Prefect."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prefect.client.base import PrefectHttpxAsyncClient


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Requests that doors of this process make of Prefect while the block runs, by their paths."""
    asked: Counter[str] = Counter()
    send = PrefectHttpxAsyncClient.send

    async def counting(self: Any, request: Any, *args: Any, **given: Any) -> Any:
        if threading.current_thread().name == "door":
            asked[request.url.path.rsplit("/api/", 1)[-1].split("/name/")[0]] += 1
        return await send(self, request, *args, **given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PrefectHttpxAsyncClient, "send", counting)
        yield asked
