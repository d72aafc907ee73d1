"""Result folders: one run at a time, whole files, the manifest last, nothing left on bad input."""

import fcntl
import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from slideloom.errors import OutputConflict, OutputUnwritable
from slideloom.results.folder import (
    IDENTITY,
    MANIFEST,
    PARTS,
    ResultFolder,
    abandoned_on_bad_input,
    check_writable,
)
from slideloom.results.identity import Claim, Identity
from tests.helpers.files import contents

NAMES = ("a.txt", "b.json")


def _identity(key: str = "k", slide: str = "s", size: int = 512) -> Identity:
    return Identity("segment_cells", slide, key, {"slide": f"{slide}.svs", "tile size": size})


def _finish(path: Path, identity: Identity) -> None:
    folder = ResultFolder(path, NAMES)
    folder.claim(identity)
    folder.write("a.txt", b"A")
    folder.write_json("b.json", {"b": 1})
    folder.commit(identity, {"format": 1})


def test_a_manifest_names_each_file_with_size_and_digest(tmp_path: Path) -> None:
    _finish(tmp_path / "out", _identity())
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_bytes())
    assert [entry["name"] for entry in manifest["files"]] == ["a.txt", "b.json"]
    for entry in manifest["files"]:
        content = (tmp_path / "out" / entry["name"]).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert not (tmp_path / "out" / PARTS).exists()


def test_a_finished_result_is_found_again(tmp_path: Path) -> None:
    _finish(tmp_path / "out", _identity())
    assert ResultFolder(tmp_path / "out", NAMES).claim(_identity()) is Claim.COMPLETE


def test_an_unfinished_run_is_taken_up(tmp_path: Path) -> None:
    first = ResultFolder(tmp_path / "out", NAMES)
    assert first.claim(_identity()) is Claim.NEW
    first.release()
    second = ResultFolder(tmp_path / "out", NAMES)
    assert second.claim(_identity()) is Claim.RESUMED
    second.release()


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (_identity(key="k2", slide="t"), "another slide"),
        (_identity(key="k3", size=1024), "tile size was 512 and is now 1024"),
    ],
)
def test_another_result_is_refused(
    tmp_path: Path, finished: bool, other: Identity, said: str
) -> None:
    if finished:
        _finish(tmp_path / "out", _identity())
    else:
        first = ResultFolder(tmp_path / "out", NAMES)
        first.claim(_identity())
        first.release()
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    folder = ResultFolder(tmp_path / "out", NAMES)
    with pytest.raises(OutputConflict, match=said), abandoned_on_bad_input(folder):
        folder.claim(other)
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    first = ResultFolder(tmp_path / "out", NAMES)
    first.claim(_identity())
    with pytest.raises(OutputConflict, match="another run is writing"):
        ResultFolder(tmp_path / "out", NAMES).claim(_identity())
    first.release()


def test_a_folder_with_files_of_ours_but_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(OutputConflict, match=r"already has a a\.txt"):
        ResultFolder(tmp_path, NAMES).claim(_identity())
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputConflict, match="is a file"):
        ResultFolder(tmp_path / "out", NAMES).claim(_identity())
    with pytest.raises(OutputConflict, match="is a file"):
        check_writable(tmp_path / "out" / "deeper")


def test_bad_input_leaves_nothing(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "deep" / "out", NAMES)
    with pytest.raises(OutputUnwritable), abandoned_on_bad_input(folder):
        folder.claim(_identity())
        folder.write("a.txt", b"A")
        raise OutputUnwritable("full")
    assert list(tmp_path.iterdir()) == []


def test_a_crash_keeps_the_parts(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "out", NAMES)
    with pytest.raises(RuntimeError), abandoned_on_bad_input(folder):
        folder.claim(_identity())
        folder.write(f"{PARTS}/x", b"X")
        raise RuntimeError
    assert (tmp_path / "out" / PARTS / "x").read_bytes() == b"X"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path, NAMES)
    folder.write("a.txt", b"old")
    with pytest.raises(ZeroDivisionError), folder.replacing("a.txt") as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: the system refuses the write itself."""
    code = (
        "import resource, signal, sys, pathlib\n"
        "from slideloom.errors import OutputUnwritable\n"
        "from slideloom.results.folder import ResultFolder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "folder = ResultFolder(pathlib.Path(sys.argv[1]), ())\n"
        "try: folder.write('x', bytes(5000))\n"
        "except OutputUnwritable as error: print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "no room left on the disk" in said.stdout
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_a_users_own_files_are_refused_and_kept(tmp_path: Path) -> None:
    for name in (f"{PARTS}/thesis.docx", "run.json", MANIFEST, "b.json"):
        folder = tmp_path / name.replace("/", "-")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("[1]")
        result = ResultFolder(folder, NAMES)
        with pytest.raises(OutputConflict), abandoned_on_bad_input(result):
            result.claim(_identity())
        assert contents(folder) == {name: b"[1]"}


def test_a_damaged_identity_is_refused(tmp_path: Path) -> None:
    (tmp_path / PARTS).mkdir()
    (tmp_path / IDENTITY).write_bytes(b"")
    with pytest.raises(OutputConflict, match="damaged"):
        ResultFolder(tmp_path, NAMES).claim(_identity())


def test_a_result_that_lost_a_file_is_refused(tmp_path: Path) -> None:
    _finish(tmp_path, _identity())
    (tmp_path / "a.txt").unlink()
    with pytest.raises(OutputConflict, match=r"a\.txt is missing"):
        ResultFolder(tmp_path, NAMES).claim(_identity())


def test_whoever_never_held_the_folder_removes_nothing(tmp_path: Path) -> None:
    """The second run was about to make the folders when the first one did."""
    first, second = ResultFolder(tmp_path / "out", NAMES), ResultFolder(tmp_path / "out", NAMES)
    first.claim(_identity())
    first.write("a.txt", b"A")
    before = contents(tmp_path)
    with pytest.raises(OutputConflict), abandoned_on_bad_input(second):
        second.claim(_identity())
    second.abandon()
    assert contents(tmp_path) == before
    first.release()


def test_a_lock_that_was_removed_meanwhile_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run ends between the second's opening of the lock file and its locking."""
    first, second = ResultFolder(tmp_path, NAMES), ResultFolder(tmp_path, NAMES)
    first.claim(_identity())
    first.write("a.txt", b"A")
    first.write_json("b.json", {})
    lock = fcntl.flock

    def late(file: IO[str], how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        first.commit(_identity(), {})
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    assert second.claim(_identity()) is Claim.COMPLETE
    assert not (tmp_path / PARTS).exists()


def test_what_a_kill_left_is_swept_away(tmp_path: Path) -> None:
    first = ResultFolder(tmp_path, NAMES)
    first.claim(_identity())
    (tmp_path / PARTS / ".writing-half").write_bytes(b"half")
    first.release()
    second = ResultFolder(tmp_path, NAMES)
    assert second.claim(_identity()) is Claim.RESUMED
    assert not (tmp_path / PARTS / ".writing-half").exists()
    second.write("a.txt", b"A")
    second.write_json("b.json", {})
    kept = contents(tmp_path / PARTS)
    second.commit(_identity(), {})
    (tmp_path / PARTS).mkdir()  # killed between the manifest and the removal of the parts
    for name, content in kept.items():
        (tmp_path / PARTS / name).write_bytes(content)
    assert ResultFolder(tmp_path, NAMES).claim(_identity()) is Claim.COMPLETE
    assert not (tmp_path / PARTS).exists()


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        ResultFolder(tmp_path / ("x" * 300), NAMES).claim(_identity())
