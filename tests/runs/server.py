"""One Prefect server for the tests of what reads and changes runs."""

import asyncio
import atexit
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import pytest
from prefect.client.orchestration import PrefectClient

from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.stack import prefect_on_postgres

ON_SERVER = [pytest.mark.xdist_group("server"), *LEAVES_SOCKETS]
Result = TypeVar("Result")


def ask(act: Callable[[PrefectClient], Awaitable[Result]]) -> Result:
    """Do something with a client of the server."""

    async def call() -> Result:
        async with PrefectClient(api_url()) as client:
            return await act(client)

    return asyncio.run(call())


@lru_cache(maxsize=1)
def api_url() -> str:
    """Address of the server's API; it is started when first asked for, and ends with the tests."""
    ending = ExitStack()
    atexit.register(ending.close)
    folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="prefect-"))
    return ending.enter_context(prefect_on_postgres(Path(folder))).api_url
