"""One Prefect server and one door for those tests of the gateway that ask for them."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from slideloom.settings import settings
from tests.gateway.door import Door, open_door
from tests.gateway.sockets import NEVER_S, quick
from tests.helpers.files import drawn_slide
from tests.helpers.stack import prefect_on_postgres
from tests.workflows.server import add_tenant, on_server, register

_HERE = Path(__file__).parent
_OTHERS_RANDOM = "Do not use the .random. module inside strategies"
"""Hypothesis says so, too, where a thread of the door uses it meanwhile."""
ALICE, BOB = "alice", "bob"


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Prefect's client leaves sockets to the garbage collector when an event loop ends."""
    for item in items:
        if _HERE in item.path.parents and "prefect_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("gateway"))
            item.add_marker(pytest.mark.filterwarnings(f"ignore:{_OTHERS_RANDOM}"))
            for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind}"))


@pytest.fixture(scope="package")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server with a database of its own, set up for slideloom."""
    with (
        prefect_on_postgres(tmp_path_factory.mktemp("server")) as server,
        temporary_settings({PREFECT_API_URL: server.api_url}),
    ):
        on_server(register)
        yield


@pytest.fixture(scope="package")
def tenants(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tenants, alice and bob; adding them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("house")
    for tenant in (ALICE, BOB):
        (folder / tenant).mkdir()
        on_server(lambda _, of=tenant: add_tenant(of, folder / of, default_model="oracle"))
    return folder


@pytest.fixture
def house(tenants: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with two tenants, alice and bob, each with slides a.png and b.png (0.5 µm/px)."""
    monkeypatch.setenv("SLIDELOOM_JOB_RETRIES", "0")
    monkeypatch.setenv("SLIDELOOM_HOME", str(tenants / "home"))
    settings.cache_clear()
    for left in list(tenants.iterdir()):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for tenant in (ALICE, BOB):
        (tenants / tenant / "slides").mkdir(parents=True)
        for name in ("a", "b"):
            drawn_slide(tenants / tenant / "slides" / f"{name}.png", 300, 200)
    yield tenants
    settings.cache_clear()
    gc.collect()  # sockets, here, where the warning is expected, and not in some later test


@pytest.fixture
def door(house: Path) -> Iterator[Door]:
    """The door, with the tenants of `house`."""
    with open_door() as door:
        yield door


@pytest.fixture
def live_door(house: Path) -> Iterator[Door]:
    """A door that looks at what is watched every half a second, whatever it hears."""
    with open_door(quick()) as door:
        yield door


@pytest.fixture
def hearing_door(house: Path) -> Iterator[Door]:
    """A door that tells nothing but what it hears."""
    with open_door(quick(live_recheck_s=NEVER_S)) as door:
        yield door


@pytest.fixture
def alone(house: Path) -> str:
    """A tenant of whom there is nothing yet but a slide."""
    name = f"t{uuid4().hex[:12]}"
    (house / name).mkdir()
    on_server(lambda _: add_tenant(name, house / name, default_model="oracle"))
    drawn_slide(house / name / "slides" / "a.png", 300, 200)
    return name
