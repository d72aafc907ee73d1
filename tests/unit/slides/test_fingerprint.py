import hashlib
from pathlib import Path

import pytest

from slideloom.errors import SlideUnreadable
from slideloom.slides import fingerprint, open_slide
from slideloom.slides.parts import slide_files
from tests.unit.slides.fakes import ArrayPyramid, picture, write_svs


class Parts(ArrayPyramid):
    """A slide in several files."""

    def __init__(self, path: Path) -> None:
        super().__init__([picture(8, 8)])
        self.path = path

    def files(self) -> tuple[Path, ...]:
        return slide_files(self.path, "mirax")


def write_parts(folder: Path) -> Parts:
    (folder / "a").mkdir(parents=True)
    (folder / "a.mrxs").write_bytes(b"start")
    (folder / "a" / "Slidedat.ini").write_bytes(b"[x]")
    (folder / "a" / "Data0000.dat").write_bytes(b"pixels")
    return Parts(folder / "a.mrxs")


def test_is_the_files_own_digest(sample_path: Path) -> None:
    with open_slide(sample_path) as slide:
        assert fingerprint(slide) == hashlib.sha256(sample_path.read_bytes()).hexdigest()


def test_follows_the_bytes_and_not_the_path(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", picture(300, 200))
    whole = (tmp_path / "a.svs").read_bytes()
    (tmp_path / "b.svs").write_bytes(whole)
    (tmp_path / "c.svs").write_bytes(whole + b"\0")
    a, b, c = (fingerprint(open_slide(tmp_path / name)) for name in ("a.svs", "b.svs", "c.svs"))
    assert a == b != c


def test_a_slide_in_several_files(tmp_path: Path) -> None:
    one, two = write_parts(tmp_path / "one"), write_parts(tmp_path / "two")
    assert {path.name for path in one.files()} == {"a.mrxs", "Data0000.dat", "Slidedat.ini"}
    assert fingerprint(one) == fingerprint(two)
    (tmp_path / "two" / "a" / "Data0000.dat").write_bytes(b"pixelS")
    assert fingerprint(one) != fingerprint(two)


def test_a_file_in_the_name_of_another_changes_it(tmp_path: Path) -> None:
    one, two = write_parts(tmp_path / "one"), write_parts(tmp_path / "two")
    (tmp_path / "two" / "a" / "Data0000.dat").rename(tmp_path / "two" / "a" / "Data0001.dat")
    assert fingerprint(one) != fingerprint(two)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    slide = write_parts(tmp_path / "one")
    files = slide.files()
    slide.files = lambda: files  # type: ignore[method-assign]
    (tmp_path / "one" / "a" / "Data0000.dat").unlink()
    with pytest.raises(SlideUnreadable, match=r"cannot read .*Data0000"):
        fingerprint(slide)


def test_a_vms_slide_counts_the_images_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "a.vms").write_text("[Virtual]\nImageFile=a.jpg\nMacroImage=none.jpg\nX=../b\n")
    (tmp_path / "a.jpg").touch()
    (tmp_path / "other.jpg").touch()
    names = [path.name for path in slide_files(tmp_path / "a.vms", "hamamatsu")]
    assert names == ["a.jpg", "a.vms"]


def test_a_dicom_slide_counts_the_dicom_files_of_its_folder(tmp_path: Path) -> None:
    for name in ("1.dcm", "2.dcm"):
        (tmp_path / name).write_bytes(bytes(128) + b"DICM")
    (tmp_path / "notes.txt").write_text("no image")
    names = [path.name for path in slide_files(tmp_path / "1.dcm", "dicom")]
    assert names == ["1.dcm", "2.dcm"]
