"""A job's folder is its own: parts of another result go, finished results and users' files stay."""

from pathlib import Path

import pytest

from slideloom.errors import OutputBusy, OutputConflict
from slideloom.results.folder import MANIFEST
from tasks import leftovers


class Begin:
    """Claims a folder that holds something else until it is empty."""

    def __init__(self, folder: Path, error: type[OutputConflict] = OutputConflict) -> None:
        self._folder, self._error = folder, error

    def __call__(self) -> str:
        if self._folder.exists():
            raise self._error("it holds something else")
        return "begun"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "0-0"
    (out / "parts").mkdir(parents=True)
    (out / "parts" / "identity.json").write_text("{}")
    return out


@pytest.fixture
def as_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "deployed_run", lambda: "a run")


@pytest.mark.usefixtures("as_job")
def test_parts_of_another_result_are_removed(folder: Path) -> None:
    assert leftovers.begin_anew(folder, Begin(folder)) == "begun"


@pytest.mark.usefixtures("as_job")
def test_a_finished_result_is_kept(folder: Path) -> None:
    (folder / MANIFEST).write_text("{}")
    with pytest.raises(OutputConflict):
        leftovers.begin_anew(folder, Begin(folder))
    assert (folder / MANIFEST).exists()


@pytest.mark.usefixtures("as_job")
def test_a_folder_that_is_being_written_is_left_alone(folder: Path) -> None:
    with pytest.raises(OutputBusy):
        leftovers.begin_anew(folder, Begin(folder, OutputBusy))
    assert folder.exists()


def test_outside_of_workflows_the_folder_is_the_users(folder: Path) -> None:
    with pytest.raises(OutputConflict):
        leftovers.begin_anew(folder, Begin(folder))
    assert folder.exists()
