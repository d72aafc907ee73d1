"""One Prefect server for all flow tests of a process."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.testing.utilities import prefect_test_harness

from tests.helpers.prefects import mark_folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server, one test after the other."""
    mark_folder(items, Path(__file__).parent, "prefect")


@pytest.fixture(scope="package", autouse=True)
def prefect_server() -> Iterator[None]:
    """A temporary server with a database of its own."""
    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(autouse=True)
def sockets_collected() -> Iterator[None]:
    """Collect them here, where the warning is expected, and not in some later test."""
    yield
    gc.collect()
