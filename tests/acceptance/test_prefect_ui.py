"""A run in a real Prefect UI, in a real browser: the combined picture shows."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from slideloom.models import SHIPPED_MODEL
from tests.helpers.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(900)]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> Iterator[str]:
    """Address of a Prefect server with its UI."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    command = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "prefect", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        wait_until(lambda: _healthy(address) or server.poll() is not None, timeout_s=180)
        yield address
        server.terminate()


def _healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/health").status_code == 200
    except httpx.TransportError:
        return False


def _browse(page: str, how: list[str], profile: Path) -> str:
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    options += [f"--user-data-dir={profile}", "--window-size=1400,1100"]
    done = subprocess.run(
        [str(CHROMIUM), *options, "--virtual-time-budget=20000", *how, page],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_picture_shows_in_the_ui(server: str, sample_path: Path, tmp_path: Path) -> None:
    command = ["segment", str(sample_path), "--out", str(tmp_path / "out")]
    subprocess.run(
        [sys.executable, "-m", "deployments.cli.main", *command, "--model", SHIPPED_MODEL],
        env={**os.environ, "PREFECT_API_URL": f"{server}/api"},
        check=True,
    )
    shown = httpx.post(f"{server}/api/artifacts/filter", json={}).json()
    (picture,) = [artifact for artifact in shown if artifact["key"] == "cells-on-tissue"]
    page = f"{server}/artifacts/artifact/{picture['id']}"
    document = _browse(page, ["--dump-dom"], tmp_path / "profile")
    assert re.search(r'<img[^>]+src="data:image/jpeg;base64,', document)
    if folder := os.environ.get("SLIDELOOM_SCREENSHOTS"):
        _browse(page, [f"--screenshot={folder}/prefect-ui.png"], tmp_path / "profile")
