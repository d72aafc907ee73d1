"""A whole slideloom with its door, as a browser finds it."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slideloom.settings import settings
from tests.chaos.city import City, city
from tests.gateway.door import Door, open_door
from tests.helpers.prefects import mark_folder
from tests.page.browser import missing, skip_without
from tests.page.cuttable import Line, line_to

CREW = ("dispatcher", "control", "jobs-1", "gpu-1")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server, one test after the other."""
    mark_folder(items, Path(__file__).parent, "page")


@dataclass
class Address:
    """Where a browser goes.

    Attributes:
        town: All that is behind the door.
        door: The door itself.
        line: The line to it.
    """

    town: City
    door: Door
    line: Line

    @property
    def url(self) -> str:
        """For the browser."""
        return f"http://127.0.0.1:{self.line.port}"


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A door with a line to it, and all that is behind it."""
    skip_without(missing())
    with city(tmp_path_factory.mktemp("page"), CREW) as town, pytest.MonkeyPatch.context() as patch:
        for name, value in town.environment.items():
            if name.startswith("SLIDELOOM_"):
                patch.setenv(name, value)
        settings.cache_clear()
        with open_door() as door, line_to(int(door.url.rpartition(":")[2])) as line:
            yield Address(town, door, line)
    settings.cache_clear()
    gc.collect()


@pytest.fixture
def place(address: Address, tmp_path: Path) -> Address:
    """The same, mended."""
    address.line.release()
    return address
