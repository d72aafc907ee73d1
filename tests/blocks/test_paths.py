"""Which paths a tenant may name: none that leads out of its slide folder."""

import os
import posixpath
import tempfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import SlideOutside
from blocks.paths import any_root, local_root, name_inside, path_inside, result_path
from slideloom.errors import ParametersUnusable, SlideUnreadable
from slideloom.stores import S3Root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Alice's folder, with bob's beside it and links in it."""
    for tenant in ("alice", "alice-2", "bob"):
        (tmp_path / tenant / "sub").mkdir(parents=True)
        (tmp_path / tenant / "a.svs").touch()
    alice = tmp_path / "alice"
    (alice / "to-bob").symlink_to(tmp_path / "bob")
    (alice / "b.svs").symlink_to(tmp_path / "bob" / "a.svs")
    (alice / "own.svs").symlink_to("a.svs")
    (alice / "circle").symlink_to("circle")
    return alice


@pytest.mark.parametrize("slide", ["a.svs", "sub/../a.svs", "own.svs", "./a.svs", "sub//../a.svs"])
def test_what_lies_inside_is_found(folder: Path, slide: str) -> None:
    found = path_inside(folder, slide, "alice")
    assert found == (folder / "a.svs").resolve()
    assert path_inside(folder, str(folder / slide), "alice") == found


def test_a_slide_that_is_not_there_yet_has_its_path(folder: Path) -> None:
    assert path_inside(folder, "sub/new.svs", "alice") == (folder / "sub/new.svs").resolve()


def test_a_folder_reached_by_a_link_is_the_same_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    found = path_inside(tmp_path / "link", str(tmp_path / "link" / "a.svs"), "alice")
    assert found == (folder / "a.svs").resolve()


@pytest.mark.parametrize(
    "slide",
    [
        "../bob/a.svs",
        "sub/../../bob/a.svs",
        "../alice-2/a.svs",
        "to-bob/a.svs",
        "b.svs",
        "/etc/passwd",
        "..",
        ".",
        "",
        "/",
    ],
)
def test_what_lies_outside_is_refused(folder: Path, slide: str) -> None:
    with pytest.raises(SlideOutside, match=r"alice's slide folder .*--slides"):
        path_inside(folder, slide, "alice")


def test_another_folder_by_its_absolute_path_is_refused(folder: Path, tmp_path: Path) -> None:
    for slide in ("bob/a.svs", "alice-2/a.svs", "alice/../bob/a.svs"):
        with pytest.raises(SlideOutside):
            path_inside(folder, str(tmp_path / slide), "alice")


@pytest.mark.parametrize("slide", ["a\0.svs", "\0", "circle/a.svs"])
def test_what_cannot_be_a_name_is_refused(folder: Path, slide: str) -> None:
    with pytest.raises(SlideUnreadable, match="cannot be a file's name"):
        path_inside(folder, slide, "alice")


_PARTS = st.one_of(
    st.sampled_from(["..", ".", "", "to-bob", "b.svs", "a.svs", "sub", "~", "/", "circle", "up"]),
    st.text(max_size=8),
)


@given(st.lists(_PARTS, max_size=8), st.booleans())
def test_nothing_that_is_found_lies_outside(parts: list[str], absolute: bool) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "alice"
        for folder in (root / "sub", Path(made) / "bob"):
            folder.mkdir(parents=True)
        (root / "to-bob").symlink_to("../bob")
        (root / "up").symlink_to("..")
        (root / "b.svs").symlink_to("../bob/b.svs")
        (root / "circle").symlink_to("circle")
        slide = "/".join(parts)
        try:
            found = path_inside(root, f"{root}/{slide}" if absolute else slide, "alice")
        except (SlideOutside, SlideUnreadable):
            return
        real = os.path.realpath(root)
        assert os.path.commonpath([os.path.realpath(found), real]) == real
        assert os.path.realpath(found) == str(found)


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("/data/slides", "/data/slides"),
        ("/data/slides/", "/data/slides"),
        ("file:///data/my%20slides", "/data/my slides"),
        ("FILE://localhost/data", "/data"),
        ("", None),
        (None, None),
    ],
)
def test_folders_and_their_urls(stated: str | None, meant: str | None) -> None:
    assert local_root(stated) == meant


@pytest.mark.parametrize("stated", ["s3://bucket/slides", "S3://bucket", "http://host/slides"])
def test_other_places_are_refused(stated: str) -> None:
    with pytest.raises(ValueError, match=r"local folders only|give an absolute folder"):
        local_root(stated)


@pytest.mark.parametrize(
    ("stated", "meant"),
    [("s3://bucket/slides/", "s3://bucket/slides"), ("file:///data", "/data"), ("", None)],
)
def test_places(stated: str, meant: str | None) -> None:
    assert any_root(stated) == meant


ALICE = S3Root("bucket", "slides/alice")


@pytest.mark.parametrize(
    "slide", ["a.svs", "sub/../a.svs", "./a.svs", "sub//../a.svs", "s3://bucket/slides/alice/a.svs"]
)
def test_what_lies_inside_the_prefix_is_found(slide: str) -> None:
    assert name_inside(ALICE, slide, "alice") == "a.svs"


@pytest.mark.parametrize("slide", ["50%.svs", "a%20b.svs", "..a.svs", "a..", "a+b.svs", "ä?.svs"])
def test_odd_names_are_names(slide: str) -> None:
    assert name_inside(ALICE, slide, "alice") == slide


@pytest.mark.parametrize(
    "slide",
    [
        *("../bob/a.svs", "sub/../../bob/a.svs", "..", ".", "", "/", "/a.svs", "//a.svs"),
        *("%2e%2e/bob/a.svs", "%2E./bob/a.svs", "a/%2e%2e/%2e%2e/bob", "%252e%252e/bob"),
        *("a%2f../b", "a\\..\\..\\bob"),
        *("a%2f%2fb", "..%5cbob", "s3://bucket/slides/bob/a.svs", "s3://other/a.svs"),
        *("s3://bucket/slides/alice", "s3://bucket/slides/alice-2/a.svs", "file:///a.svs"),
        "%" + "25" * 9 + "2e%2e/a",
    ],
)
def test_what_lies_outside_the_prefix_is_refused(slide: str) -> None:
    with pytest.raises(SlideOutside, match=r"alice's slide prefix s3://.*--slides"):
        name_inside(ALICE, slide, "alice")


@pytest.mark.parametrize("slide", ["a\0.svs", "a\n", "x" * 256, "\ud800"])
def test_what_cannot_be_a_key_is_refused(slide: str) -> None:
    with pytest.raises(SlideUnreadable, match="cannot be an object's name"):
        name_inside(ALICE, slide, "alice")


_PIECES = st.one_of(
    st.sampled_from(["..", ".", "", "%2e%2e", "%2E", "%2f", "%252e.", "%5c..", "\\", "a", "/"]),
    st.text(max_size=6),
)


@given(st.lists(_PIECES, max_size=8), st.booleans(), st.sampled_from(["/", ""]))
def test_no_name_leads_out_of_the_prefix(parts: list[str], whole: bool, between: str) -> None:
    """Not as it is, and not for those who decode it before they resolve it."""
    slide = between.join(parts)
    try:
        name = name_inside(ALICE, f"{ALICE}/{slide}" if whole else slide, "alice")
    except (SlideOutside, SlideUnreadable):
        return
    key = ALICE.key(name)
    for _ in range(10):
        assert posixpath.normpath(key) == key
        assert key.startswith("slides/alice/")
        assert ".." not in key.replace("\\", "/").split("/")
        key = unquote(key)


@pytest.mark.parametrize(
    "stated", ["slides", "~/slides", "file:slides", "file://host/data", "file:///a?b", "/a\0b"]
)
def test_folders_that_mean_something_else_elsewhere_are_refused(stated: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        local_root(stated)


def test_result_folders_are_one_for_each_job() -> None:
    root = Path("/results/alice")
    jobs = [(branch, index) for branch in range(12) for index in range(12)]
    folders = {result_path(root, "w1", branch, index) for branch, index in jobs}
    assert len(folders) == len(jobs)
    assert {folder.parent for folder in folders} == {root / "w1"}


@pytest.mark.parametrize("workflow", ["", ".", "..", "a/b", "../a", "a\0", "a\n", "-a", "a" * 64])
def test_ids_that_make_no_folder_are_refused(workflow: str) -> None:
    with pytest.raises(ParametersUnusable, match="no folder name"):
        result_path(Path("/results/alice"), workflow, 0, 0)


def test_numbers_that_make_no_folder_are_refused() -> None:
    for branch, index in ((-1, 0), (0, -1)):
        with pytest.raises(ParametersUnusable):
            result_path(Path("/results/alice"), "w1", branch, index)
