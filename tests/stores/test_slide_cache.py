"""Slides in S3 as local files: fetched once, pinned while open, bounded, never half."""

import hashlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from slideloom.progress import Stopped
from slideloom.settings import settings
from slideloom.stores import DiskFull, LocalRoot, Store, StoreChanged, StoreFailed
from slideloom.stores.slide_cache import CacheFull, SlideCache, SlideTooLarge, default_cache
from slideloom.stores.slide_cache import room as room_module
from slideloom.stores.slide_cache.parts import slide_parts
from tests.helpers.files import contents
from tests.helpers.s3 import Line, cuts_answer, first, halts_answer
from tests.helpers.waiting import wait_until
from tests.stores.other_process import holding

KB = 1000
LARGE = bytes(range(256)) * 11_000
"""Several pieces of a fetch."""


@pytest.fixture
def cache(tmp_path: Path) -> SlideCache:
    """A cache for three slides of one KB."""
    return SlideCache(tmp_path / "cache", 3 * KB, patience_s=60)


def _slides(store: Store, *names: str) -> None:
    for name in names:
        store.put(name, name.encode().ljust(KB))


def _whole(cache_folder: Path) -> set[str]:
    return {path.stem for path in (cache_folder / "whole").glob("*/*")}


def _gets(line: Line) -> int:
    return sum(request.startswith("GET") for request in line.seen)


def test_a_slide_is_fetched_once(far: Store, s3: Store, line: Line, cache: SlideCache) -> None:
    _slides(s3, "x/a.svs")
    with cache.open(far, "x/a.svs") as path, cache.open(far, "x/a.svs") as again:
        assert path == again
        assert path.name == "a.svs"
        assert path.read_bytes() == s3.get("x/a.svs")
    with cache.open(far, "x/a.svs"):
        assert _gets(line) == 1


def test_a_local_slide_is_where_it_is(tmp_path: Path, cache: SlideCache) -> None:
    store = Store(LocalRoot(tmp_path))
    store.put("a.svs", b"")
    with cache.open(store, "a.svs") as path:
        assert path == tmp_path / "a.svs"
    assert not (tmp_path / "cache").exists()


def test_a_slide_that_is_missing_is_told(s3: Store, cache: SlideCache, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.svs is not there"), cache.open(s3, "a.svs"):
        pass
    assert contents(tmp_path) == {}


def test_another_version_is_another_slide(s3: Store, cache: SlideCache) -> None:
    s3.put("a.svs", b"first")
    with cache.open(s3, "a.svs") as first_path:
        s3.put("a.svs", b"other")
        with cache.open(s3, "a.svs") as path:
            assert path.read_bytes() == b"other"
            assert first_path.read_bytes() == b"first"


def test_same_names_elsewhere_are_other_slides(s3: Store, cache: SlideCache) -> None:
    for tenant in ("alice", "bob"):
        s3.put(f"{tenant}/a.svs", b"same")
    with ExitStack() as open_ones:
        paths = {
            open_ones.enter_context(cache.open(s3.below(tenant), "a.svs"))
            for tenant in ("alice", "bob")
        }
    assert len(paths) == 2


def test_the_least_recently_used_go_first(s3: Store, cache: SlideCache, tmp_path: Path) -> None:
    _slides(s3, "a.svs", "b.svs", "c.svs", "d.svs", "e.svs")
    for name in ("a.svs", "b.svs", "c.svs", "a.svs", "d.svs", "a.svs", "e.svs"):
        with cache.open(s3, name):
            pass
    assert _whole(tmp_path / "cache") == {"a", "d", "e"}
    assert len(list((tmp_path / "cache" / "locks").iterdir())) == 3


def test_what_is_open_never_goes(s3: Store, cache: SlideCache, tmp_path: Path) -> None:
    _slides(s3, "a.svs", "b.svs", "c.svs", "d.svs", "e.svs")
    with cache.open(s3, "a.svs") as a, cache.open(s3, "b.svs") as b:
        for name in ("c.svs", "d.svs", "e.svs"):
            with cache.open(s3, name):
                pass
        assert a.exists()
        assert b.exists()
        with (
            cache.open(s3, "c.svs"),
            pytest.raises(CacheFull, match="3000 are in use"),
            cache.open(s3, "d.svs"),
        ):
            pass
        assert _whole(tmp_path / "cache") == {"a", "b", "c"}
    with cache.open(s3, "d.svs") as d:
        assert d.exists()


def test_a_slide_larger_than_the_cache_is_refused(s3: Store, tmp_path: Path) -> None:
    s3.put("a.svs", b"x" * 11)
    small = SlideCache(tmp_path / "cache", 10)
    said = pytest.raises(SlideTooLarge, match=r"a\.svs has 11 bytes.*CACHE_BYTES")
    with said, small.open(s3, "a.svs"):
        pass


def test_a_disk_without_room_is_told(
    s3: Store, cache: SlideCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slides that are not open go for it, too."""
    _slides(s3, "a.svs", "b.svs", "c.svs")
    for name in ("a.svs", "b.svs"):
        with cache.open(s3, name):
            pass

    class Usage:
        free = KB - 1

    with cache.open(s3, "a.svs"):
        monkeypatch.setattr(room_module.shutil, "disk_usage", lambda _: Usage)
        with pytest.raises(DiskFull, match="has 999 bytes left"), cache.open(s3, "c.svs"):
            pass
    assert _whole(tmp_path / "cache") == {"a"}


def test_a_slide_that_was_spoilt_is_fetched_again(s3: Store, cache: SlideCache) -> None:
    _slides(s3, "a.svs")
    with cache.open(s3, "a.svs") as path:
        pass
    path.write_bytes(b"")
    with cache.open(s3, "a.svs") as path:
        assert path.read_bytes() == s3.get("a.svs")


def test_a_fetch_that_fails_leaves_nothing(
    s3: Store, far: Store, line: Line, cache: SlideCache, tmp_path: Path
) -> None:
    _slides(s3, "a.svs")
    line.breaks("GET", *[cuts_answer(10)] * 3)
    with pytest.raises(StoreFailed, match="broke off"), cache.open(far, "a.svs"):
        pass
    assert set(contents(tmp_path)) == {"cache/lock"}
    with cache.open(far, "a.svs") as path:
        assert path.read_bytes() == s3.get("a.svs")


def test_a_slide_replaced_meanwhile_is_the_new_one(
    s3: Store, far: Store, line: Line, cache: SlideCache
) -> None:
    s3.put("a.mrxs", b"old")
    s3.put("a/1", b"old")
    line.breaks("GET /slideloom/tests", first(lambda: (s3.put("a/1", b"new"), None)))
    with cache.open(far, "a.mrxs") as path:
        assert path.read_bytes() == b"old"
        assert (path.parent / "a" / "1").read_bytes() == b"new"


def test_a_slide_without_rest_is_told(s3: Store, far: Store, line: Line, cache: SlideCache) -> None:
    versions = iter(range(100))
    s3.put("a.svs", b"")
    line.breaks("GET", *[first(lambda: s3.put("a.svs", b"%d" % next(versions)))] * 9)
    with pytest.raises(StoreChanged, match="again and again"), cache.open(far, "a.svs"):
        pass


def test_slides_of_several_files(s3: Store, cache: SlideCache) -> None:
    dicom = bytes(128) + b"DICM"
    given = {
        "x/a.mrxs": b"label",
        "x/a/Slidedat.ini": b"index",
        "x/a/deep/1.dat": b"pixels",
        "x/ab/2.dat": b"another's",
        "x/b.vms": b"[Virtual]\nImageFile=b 1.jpg\nMapFile=b.map\nOther=../a.mrxs\nNo=none.jpg",
        "x/b 1.jpg": b"image",
        "x/b.map": b"map",
        "d/1.dcm": dicom + b"1",
        "d/2": dicom + b"2",
        "d/notes.txt": b"no",
        "d/below/3.dcm": dicom,
        "d/c.svs": b"one file",
    }
    for name, content in given.items():
        s3.put(name, content)
    wanted = {
        "x/a.mrxs": {"x/a.mrxs", "x/a/Slidedat.ini", "x/a/deep/1.dat"},
        "x/b.vms": {"x/b.vms", "x/b 1.jpg", "x/b.map"},
        "d/1.dcm": {"d/1.dcm", "d/2"},
        "d/2": {"d/1.dcm", "d/2"},
        "d/c.svs": {"d/c.svs"},
        "d/notes.txt": {"d/notes.txt"},
    }
    for name, parts in wanted.items():
        assert {part.name for part in slide_parts(s3, name)} == parts
        with cache.open(s3, name) as path:
            folder = name.split("/")[0]
            there = {f"{folder}/{file}": content for file, content in contents(path.parent).items()}
            assert there == {part: given[part] for part in parts}


def test_another_part_is_another_slide(s3: Store, cache: SlideCache) -> None:
    s3.put("a.mrxs", b"label")
    s3.put("a/1.dat", b"old")
    with cache.open(s3, "a.mrxs") as old:
        s3.put("a/1.dat", b"new")
        with cache.open(s3, "a.mrxs") as new:
            assert (new.parent / "a" / "1.dat").read_bytes() == b"new"
        assert (old.parent / "a" / "1.dat").read_bytes() == b"old"


def test_a_real_slide_opens(s3: Store, sample_path: Path, tmp_path: Path) -> None:
    from openslide import OpenSlide

    s3.put_file("sample.svs", sample_path)
    with SlideCache(tmp_path, 10_000_000).open(s3, "sample.svs") as path, OpenSlide(path) as slide:
        assert slide.dimensions == (2220, 2967)


def test_threads_want_the_same_and_others(
    s3: Store, far: Store, line: Line, cache: SlideCache
) -> None:
    """More slides than there is room for, never more open than there is."""
    names = [f"{number}.svs" for number in range(6)]
    _slides(s3, *names)

    def read(turn: int) -> bool:
        name = names[hashlib.sha256(b"%d" % turn).digest()[0] % len(names)]
        with cache.open(far, name) as path:
            return path.read_bytes() == name.encode().ljust(KB)

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(read, range(60)))
    with ThreadPoolExecutor(8) as pool:
        before = _gets(line)
        s3.put("same.svs", b"x")
        assert list(pool.map(lambda _: _opened(cache, far, "same.svs"), range(8))) == [b"x"] * 8
    assert _gets(line) == before + 1


def _opened(cache: SlideCache, store: Store, name: str) -> bytes:
    with cache.open(store, name) as path:
        return path.read_bytes()


def test_two_processes_fetch_a_slide_once_and_a_killed_one_lets_go(
    s3: Store, far: Store, line: Line, cache: SlideCache, tmp_path: Path
) -> None:
    _slides(s3, "a.svs", "b.svs", "c.svs", "d.svs")
    folder = tmp_path / "cache"
    with (
        holding(cache, far, "a.svs") as one,
        holding(cache, far, "a.svs") as other,
    ):
        assert one.has_it()
        assert other.has_it()
        assert _gets(line) == 1
        other.let_go()
        with cache.open(s3, "b.svs"), cache.open(s3, "c.svs"):
            with pytest.raises(CacheFull), cache.open(s3, "d.svs"):
                pass
            os.kill(one.pid, signal.SIGKILL)
            wait_until(lambda: _fits(cache, s3, "d.svs"), 60)
    assert _whole(folder) == {"b", "c", "d"}


def _fits(cache: SlideCache, store: Store, name: str) -> bool:
    try:
        with cache.open(store, name):
            return True
    except CacheFull:
        return False


def test_a_fetch_that_is_killed_is_never_seen(
    s3: Store, far: Store, line: Line, tmp_path: Path
) -> None:
    s3.put("a.svs", LARGE)
    folder, until, patient = tmp_path / "cache", threading.Event(), _patient(far)
    cache = SlideCache(folder, len(LARGE) + KB, patience_s=60)
    line.breaks("GET", halts_answer(2_000_000, until))
    with holding(cache, patient, "a.svs") as other:
        wait_until(lambda: any(path.stat().st_size for path in _arriving(folder)), 60)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(_opened, cache, patient, "a.svs")
            assert not waiting.done()
            assert not list((folder / "whole").iterdir())
            os.kill(other.pid, signal.SIGKILL)
            assert waiting.result(60) == LARGE
    until.set()
    assert not list((folder / "partial").iterdir())
    _slides(s3, "b.svs")
    assert _opened(cache, s3, "b.svs") == s3.get("b.svs")


def _patient(store: Store) -> Store:
    """The same, for answers that come to a halt."""
    return Store(store.root, store.options.model_copy(update={"read_timeout_s": 60.0}))


def _arriving(folder: Path) -> list[Path]:
    return list(folder.glob("partial/*/*"))


def test_what_is_not_wanted_any_more_is_not_fetched_to_its_end(
    s3: Store, far: Store, line: Line, tmp_path: Path
) -> None:
    s3.put("a.svs", LARGE)
    folder, patient = tmp_path / "cache", _patient(far)
    cache = SlideCache(folder, len(LARGE) + KB)
    until, stopping = threading.Event(), threading.Event()

    def go_on() -> None:
        if stopping.is_set():
            raise Stopped

    def opened() -> None:
        with cache.open(patient, "a.svs", go_on):
            raise AssertionError("it was opened")

    line.breaks("GET", halts_answer(2_000_000, until))
    with ThreadPoolExecutor(2) as pool:
        fetching = pool.submit(opened)
        wait_until(lambda: bool(_arriving(folder)), 60)
        waiting = pool.submit(opened)
        stopping.set()
        with pytest.raises(Stopped):
            waiting.result(60)
        until.set()
        with pytest.raises(Stopped):
            fetching.result(60)
    assert not list((folder / "partial").iterdir())
    assert not list((folder / "whole").iterdir())
    assert _opened(cache, s3, "a.svs") == LARGE


def test_patience_has_an_end(s3: Store, far: Store, line: Line, tmp_path: Path) -> None:
    _slides(s3, "a.svs")
    until, folder, patient = threading.Event(), tmp_path / "cache", _patient(far)
    line.breaks("GET", halts_answer(10, until))
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(_opened, SlideCache(folder, KB), patient, "a.svs")
        wait_until(lambda: bool(_arriving(folder)), 60)
        with pytest.raises(StoreFailed, match="look for one that hangs"):
            _opened(SlideCache(folder, KB, patience_s=0), patient, "a.svs")
        until.set()
        assert fetching.result(60) == s3.get("a.svs")


def test_the_settings_name_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIDELOOM_HOME", str(tmp_path))
    monkeypatch.delenv("SLIDELOOM_SLIDE_CACHE", raising=False)
    settings.cache_clear()
    assert default_cache().folder == tmp_path / "slide-cache"
    monkeypatch.setenv("SLIDELOOM_SLIDE_CACHE", str(tmp_path / "other"))
    monkeypatch.setenv("SLIDELOOM_SLIDE_CACHE_BYTES", "7")
    settings.cache_clear()
    assert default_cache().folder == tmp_path / "other"
    assert default_cache().limit_bytes == 7
    settings.cache_clear()
