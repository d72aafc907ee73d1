"""Bad input gets one clear line and exit code 2, and leaves nothing behind."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployments.cli.main import main
from slideloom.settings import settings
from tests.helpers.files import contents, drawn_slide

Make = Callable[[Path], Path]


def _missing(folder: Path) -> Path:
    return folder / "nowhere.svs"


def _directory(folder: Path) -> Path:
    (folder / "a folder").mkdir()
    return folder / "a folder"


def _zero_bytes(folder: Path) -> Path:
    (folder / "empty.svs").write_bytes(b"")
    return folder / "empty.svs"


def _text(folder: Path) -> Path:
    (folder / "text.svs").write_text("a slide, believe me\n")
    return folder / "text.svs"


def _no_mpp(folder: Path) -> Path:
    return drawn_slide(folder / "plain.png", 200, 100)


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.startswith("slideloom: ")
    assert caught.err.count("\n") == 1
    return caught.err


def _refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, slide: Path, *more: str) -> str:
    before = contents(tmp_path)
    model = [] if "--model" in more else ["--model", "oracle"]
    code = main(["segment", str(slide), "--out", str(tmp_path / "out"), *model, *more])
    assert code == 2
    assert contents(tmp_path) == before
    assert not (tmp_path / "out").exists()
    return _said(capsys)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_missing, "does not exist"),
        (_directory, "folder"),
        (_zero_bytes, "empty"),
        (_text, "text.svs"),
        (_no_mpp, "--mpp"),
    ],
)
def test_what_is_no_usable_slide(
    make: Make, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _refused(capsys, tmp_path, make(tmp_path))
    assert said in line


def test_a_truncated_svs(
    sample_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.svs"
    cut.write_bytes(sample_path.read_bytes()[:900_000])
    assert "cut.svs" in _refused(capsys, tmp_path, cut)


@pytest.mark.parametrize("mpp", ["0", "-1", "nan", "500", "0.0001"])
def test_an_absurd_pixel_size(mpp: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slide = drawn_slide(tmp_path / "plain.png", 200, 100)
    assert "µm" in _refused(capsys, tmp_path, slide, f"--mpp={mpp}")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--tile-size", "1000"], "multiple of 16"),
        (["--overlap", "1024"], "half of the tile"),
        (["--batch-size", "0"], "--batch-size"),
        (["--device", "tpu"], "--device"),
        (["--device", "cuda:7"], "cuda:7"),
        (["--model", "no_such_model"], "no_such_model"),
        (["--model", "brightfield_nuclei"], "slideloom models add brightfield_nuclei"),
        (["--tissue", "nowhere.png"], "nowhere.png"),
    ],
)
def test_parameters_that_cannot_be_used(
    more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = drawn_slide(tmp_path / "plain.png", 200, 100)
    assert said in _refused(capsys, tmp_path, slide, "--mpp", "0.5", *more)


def test_a_model_file_that_nobody_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = drawn_slide(tmp_path / "plain.png", 200, 100)
    (tmp_path / "mine.pt").write_bytes(b"who knows")
    model = str(tmp_path / "mine.pt")
    line = _refused(capsys, tmp_path, slide, "--mpp", "0.5", "--model", model)
    assert "models add" in line


def test_an_output_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slide = drawn_slide(tmp_path / "plain.png", 200, 100)
    (tmp_path / "taken").write_text("mine")
    before = contents(tmp_path)
    given = ["segment", str(slide), "--out", str(tmp_path / "taken"), "--mpp", "0.5"]
    assert main([*given, "--model", "oracle"]) == 2
    assert "is a file" in _said(capsys)
    assert contents(tmp_path) == before


@pytest.fixture(name="open_folder")
def _open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def _not_root() -> Iterator[None]:
    """Root may write anywhere, so be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_cannot_be_written(
    open_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = drawn_slide(open_folder / "plain.png", 200, 100)
    locked = open_folder / "locked"
    locked.mkdir(mode=0o555)
    given = ["segment", str(slide), "--out", str(locked / "out"), "--mpp", "0.5"]
    with _not_root():
        assert main([*given, "--model", "oracle"]) == 2
    assert "cannot be written" in _said(capsys)
    assert list(locked.iterdir()) == []


def test_a_name_that_no_file_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slide = drawn_slide(tmp_path / "plain.png", 200, 100)
    given = ["segment", str(slide), "--mpp", "0.5", "--model", "oracle", "--out"]
    assert main([*given, str(tmp_path / ("x" * 300))]) == 2
    assert "cannot be a file's name" in _said(capsys)


def test_a_setting_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIDELOOM_WORKERS", "many")
    settings.cache_clear()
    line = _refused(capsys, tmp_path, drawn_slide(tmp_path / "plain.png", 200, 100))
    assert "SLIDELOOM_WORKERS" in line
    settings.cache_clear()


@pytest.mark.parametrize("arguments", [["nonsense"], ["segment"], ["segment", "a", "--oops"]])
def test_what_is_no_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    _said(capsys)
