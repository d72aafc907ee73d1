"""The README's walk through the door, as it stands there, against `slideloom serve`."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from slideloom.sample import fetch_sample
from tests.helpers.stack import ROOT
from tests.helpers.waiting import wait_until
from tests.serve.test_serve import home, serving

__all__ = ["home"]
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(shutil.which("jq") is None, reason="the walk is written with jq"),
]
_ADDRESS = "http://localhost:8000"


def walk() -> str:
    """The README's block of commands that uploads, submits, watches and fetches."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (found,) = (block for block in blocks if "/upload?" in block)
    assert f"DOOR={_ADDRESS}/api/v1" in found
    return str(found)


def test_the_walk_of_the_readme(home: Path, tmp_path: Path) -> None:
    shutil.copy(fetch_sample(), tmp_path / "biopsy.svs")
    with serving(home) as served:
        told = home / "out"
        wait_until(lambda: "\nsl_" in told.read_text())
        (key,) = re.findall(r"^sl_\S+$", told.read_text(), re.MULTILINE)
        door = re.findall(r"http://localhost:\d+", told.read_text())[0]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", walk().replace(_ADDRESS, door)],
            cwd=tmp_path,
            env={**os.environ, "SLIDELOOM_KEY": key, "NO_PROXY": "localhost"},
            capture_output=True,
            text=True,
            check=False,
        )
        served.process.send_signal(signal.SIGINT)
        assert served.ends() == 0
    assert done.returncode == 0, done.stderr
    watched = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"state", "tiles", "waits"} == set(watched[-1])
    cells = json.loads(gzip.decompress((tmp_path / "cells.geojson.gz").read_bytes()))
    assert len(cells["features"]) > 1000
