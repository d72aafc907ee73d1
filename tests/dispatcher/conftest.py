"""A Prefect server on PostgreSQL for all tests of the dispatcher."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from slideloom.settings import Settings
from tests.dispatcher.house import House, dispatching, limits, opened
from tests.helpers.prefects import mark_folder
from tests.helpers.stack import prefect_on_postgres


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server, one test after the other."""
    mark_folder(items, Path(__file__).parent, "dispatcher")


@pytest.fixture(scope="package")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the server's database; Prefect's client is set to the server meanwhile."""
    with (
        prefect_on_postgres(tmp_path_factory.mktemp("server")) as server,
        temporary_settings({PREFECT_API_URL: server.api_url}),
    ):
        yield server.database_url


@pytest.fixture(autouse=True)
def sockets_collected() -> Iterator[None]:
    """Collect them here, where the warning is expected, and not in some later test."""
    yield
    gc.collect()


Script = Callable[[House], Awaitable[None]]


@pytest.fixture
def play(database_url: str) -> Callable[..., None]:
    """Run a script against a house with a dispatcher."""

    def run(script: Script, stated: Settings | None = None) -> None:
        async def main() -> None:
            async with opened() as house, dispatching(database_url, stated or limits()):
                await script(house)

        asyncio.run(main())

    return run
