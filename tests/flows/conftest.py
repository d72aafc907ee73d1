"""One Prefect server for all flow tests of a process."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.helpers.prefects import mark_folder
from tests.helpers.stack import prefect_on_postgres


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server, one test after the other."""
    mark_folder(items, Path(__file__).parent, "flows")


@pytest.fixture(scope="package", autouse=True)
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server of its own; Prefect's throw-away one loses events when it is busy."""
    with (
        prefect_on_postgres(tmp_path_factory.mktemp("server")) as server,
        temporary_settings({PREFECT_API_URL: server.api_url}),
    ):
        yield


@pytest.fixture(autouse=True)
def sockets_collected() -> Iterator[None]:
    """Collect them here, where the warning is expected, and not in some later test."""
    yield
    gc.collect()
