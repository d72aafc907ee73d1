"""A whole slideloom with two GPU workers that tell what they compute."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.city import City, city
from tests.helpers.prefects import mark_folder
from tests.shards.told import Told

CREW = ("dispatcher", "control", "jobs-1", "gpu-1", "gpu-2")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server, one test after the other."""
    mark_folder(items, Path(__file__).parent, "shards")


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """It, with short pauses; a silent worker is given up as soon as Prefect's beats allow."""
    folder = tmp_path_factory.mktemp("town")
    given = {
        "TELL": str(folder / "told"),
        "TILE_S": "0.15",
        "SLIDELOOM_RETRY_DELAY_S": "0.5",
        "SLIDELOOM_SILENT_LIMIT_S": "35",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "2",
    }
    with city(folder, CREW, **given) as built:
        yield built


@pytest.fixture
def told(town: City) -> Told:
    """What the workers tell from now on."""
    told = Told(Path(town.environment["TELL"]))
    told.forget()
    return told
