"""One Prefect server for all flow tests of a process."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.testing.utilities import prefect_test_harness

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Prefect's client leaves sockets to the garbage collector when an event loop ends."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("prefect"))
            for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind}"))


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
