"""On a terminal the command shows a bar and its table, and nothing that Prefect has to say."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.files import drawn_slide
from tests.helpers.processes import ended
from tests.helpers.waiting import PATIENCE_S

pytestmark = pytest.mark.xdist_group("prefect")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def _on_a_terminal(command: list[str], home: Path) -> tuple[int, str]:
    """Exit code and all that a command shows on a pseudo-terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PREFECT_HOME": str(home), "COLUMNS": "120", "TERM": "xterm"}
    environment.pop("CI", None)
    started = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    with ended(started) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            shown += read
        child.wait(PATIENCE_S)
    os.close(ours)
    return child.returncode, _CONTROL.sub("", shown.decode())


def test_bar_and_table(tmp_path: Path) -> None:
    slide, out = drawn_slide(tmp_path / "slide.png"), tmp_path / "out"
    options = ["--out", str(out), "--model", "oracle", "--mpp", "0.5", "--tile-size", "256"]
    command = [sys.executable, "-m", "deployments.cli.main", "segment", str(slide), *options]
    code, shown = _on_a_terminal(command, tmp_path / "prefect")
    assert code == 0
    assert "find tissue, plan tiles" in shown
    assert "━" in shown
    assert "per mm² of tissue" in shown
    assert str(out / "combined.jpg") in shown
    assert "prefect" not in shown.replace(str(tmp_path), "").lower()
    assert "Traceback" not in shown
