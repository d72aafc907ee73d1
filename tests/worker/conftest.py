"""One server, and one worker that most tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.stack import ROOT, Stack, prefect_on_postgres
from tests.worker.house import Api, Worker, working

_HERE = Path(__file__).parent
POOL = "shared"


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a Prefect server of their own run one after the other."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("worker"))


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Prefect server whose workers find the flows of the tests."""
    folder = tmp_path_factory.mktemp("stack")
    with prefect_on_postgres(folder, PYTHONPATH=f"{ROOT}:{_HERE / 'on_path'}") as server:
        yield server


@pytest.fixture(scope="package")
def api(server: Stack) -> Iterator[Api]:
    """What the tests ask of it."""
    api = Api(server.api_url)
    yield api
    api.close()


@pytest.fixture(scope="package")
def worker(server: Stack, api: Api) -> Iterator[Worker]:
    """A worker of the pool `shared`."""
    api.make_pool(POOL)
    health = ["--health-port", "0", "--health-stale", "3"]
    with working(server, POOL, "--limit", "8", *health) as worker:
        yield worker
