"""One real Prefect server, with all its services, for the tests of this folder."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.register import register
from slideloom.settings import settings
from tests.helpers.prefects import mark_folder
from tests.helpers.stack import WITH_SCHEDULES, prefect_on_postgres
from tests.register.asking import ask, clear


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server, one test after the other."""
    mark_folder(items, Path(__file__).parent, "register")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of its API."""
    with (
        prefect_on_postgres(tmp_path_factory.mktemp("server"), **WITH_SCHEDULES) as stack,
        temporary_settings({PREFECT_API_URL: stack.api_url}),
    ):
        yield stack.api_url


@pytest.fixture
def empty(server: str, home: Path) -> str:
    """The server, without anything that earlier tests left on it."""
    ask(clear)
    return server


@pytest.fixture
def registered(empty: str) -> str:
    """The server, registered as it comes."""
    asyncio.run(register())
    return empty


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own, and settings that are as they come."""
    for name in [name for name in os.environ if name.startswith("SLIDELOOM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLIDELOOM_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture(autouse=True)
def sockets_collected() -> Iterator[None]:
    """Collect them here, where the warning is expected, and not in some later test."""
    yield
    gc.collect()
