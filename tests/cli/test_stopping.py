"""A command that is told to end does so tidily, and what it finished is taken up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slideloom.results.folder import PARTS
from tests.helpers.files import drawn_slide
from tests.helpers.processes import ended
from tests.helpers.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.xdist_group("prefect")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.acceptance),  # the same way out
    ],
)
def test_a_signal_ends_the_command_with_one_line(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    slide, out = drawn_slide(tmp_path / "slide.png", 3000, 2400), tmp_path / "out"
    options = ["--out", str(out), "--model", "oracle", "--mpp", "0.5", "--tissue", "off"]
    options += ["--tile-size", "256", "--overlap", "128"]
    child = subprocess.Popen(
        [sys.executable, "-m", "deployments.cli.main", "segment", str(slide), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")},
    )
    with ended(child):
        wait_until(lambda: any((out / PARTS).glob("*.part")) or child.poll() is not None)
        child.send_signal(number)
        _, said = child.communicate(timeout=PATIENCE_S)
    assert said == (
        f"slideloom: stopped by {number.name}; the same command takes up where it stopped\n"
    )
    assert child.returncode == code
    assert any((out / PARTS).glob("*.part"))
    assert not (out / "manifest.json").exists()
