"""`slideloom segment` with the shipped model, killed half-way and started again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slideloom.models import SHIPPED_MODEL
from slideloom.results.folder import RUN
from slideloom.results.parts import has_part
from slideloom.segmentation.stored import load_plan
from tests.helpers.files import contents
from tests.helpers.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]


def _command(slide: Path, out: Path) -> list[str]:
    command = [sys.executable, "-m", "deployments.cli.main", "segment", str(slide)]
    sizes = ["--tile-size", "512", "--overlap", "128"]
    return [*command, "--out", str(out), "--model", SHIPPED_MODEL, *sizes]


def test_a_killed_command_resumes_to_the_same_bytes(sample_path: Path, tmp_path: Path) -> None:
    subprocess.run(_command(sample_path, tmp_path / "whole"), check=True)
    out = tmp_path / "out"
    child = subprocess.Popen(_command(sample_path, out), start_new_session=True)
    wait_until(
        lambda: len(list(out.glob("parts/*.part"))) >= 2 or child.poll() is not None, timeout_s=600
    )
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    plan = load_plan(out)
    missing = [task for task in range(len(plan.tasks)) if not has_part(out, plan.part_key(task))]
    assert 0 < len(missing) < len(plan.tasks)
    subprocess.run(_command(sample_path, out), check=True)
    attempts = json.loads((out / RUN).read_bytes())["attempts"]
    assert len(attempts) == 2
    assert attempts[1]["tiles"] == sum(len(plan.tasks[task]) for task in missing)
    expected, found = contents(tmp_path / "whole"), contents(out)
    assert expected.pop(RUN) != found.pop(RUN)
    assert found == expected
