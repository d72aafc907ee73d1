"""What every store does, whatever it is made of."""

import pickle
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideloom.stores import LocalRoot, NameRefused, Store, StoreChanged
from slideloom.stores import s3 as s3_module
from slideloom.stores.names import WRITING, is_name
from slideloom.stores.s3_writing import PART_BYTES
from tests.helpers.files import contents


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of each kind."""
    if request.param == "local":
        return Store(LocalRoot(tmp_path / "store"))
    found = request.getfixturevalue("s3")
    assert isinstance(found, Store)
    return found


def _names(store: Store, prefix: str = "") -> list[str]:
    return [entry.name for entry in store.list(prefix)]


@pytest.mark.parametrize(
    "content", [b"", b"cells", bytes(range(256)) * 9], ids=["empty", "short", "all-bytes"]
)
def test_what_is_put_is_got(store: Store, content: bytes) -> None:
    entry = store.put("a/b.bin", content)
    assert (entry.name, entry.size) == ("a/b.bin", len(content))
    assert store.get("a/b.bin") == content
    assert store.stat("a/b.bin") == entry
    assert store.list() == [entry]
    assert store.has("a/b.bin")


def test_a_later_put_replaces(store: Store) -> None:
    first = store.put("a", b"first")
    second = store.put("a", b"then")
    assert store.get("a") == b"then"
    assert first.version != second.version


@pytest.mark.parametrize("size", [0, 7, PART_BYTES + 1])
def test_files_go_there_and_back(store: Store, tmp_path: Path, size: int) -> None:
    given = tmp_path / "given"
    given.write_bytes((b"0123456789abcdef" * (size // 16 + 1))[:size])
    entry = store.put_file("slides/a.svs", given)
    back = tmp_path / "new folder" / "back"
    assert store.fetch("slides/a.svs", back) == entry
    assert back.read_bytes() == given.read_bytes()
    assert list(contents(back.parent)) == ["back"]


def test_a_file_in_parts_is_put_only_if_absent(store: Store, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"x" * (PART_BYTES + 1))
    assert store.put_if_absent("a", given)
    assert not store.put_if_absent("a", given)


def test_a_file_that_is_not_there_is_not_put(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        store.put_file("a", tmp_path / "nowhere")
    assert store.list() == []


def test_only_the_first_is_put_if_absent(store: Store) -> None:
    assert store.put_if_absent("a/claim", b"first")
    assert not store.put_if_absent("a/claim", b"then")
    assert store.get("a/claim") == b"first"


def test_of_many_at_once_one_is_put_if_absent(store: Store) -> None:
    together = threading.Barrier(8)

    def attempt(number: int) -> bool:
        together.wait(60)
        return store.put_if_absent("claim", b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(8)))
    assert won.count(True) == 1
    assert store.get("claim") == b"%d" % won.index(True)
    assert _names(store) == ["claim"]


def test_what_is_missing_is_said(store: Store, tmp_path: Path) -> None:
    store.put("folder/a", b"")
    for name in ("nothing", "folder", "folder/a/b"):
        with pytest.raises(FileNotFoundError, match=f"{name} is not there"):
            store.get(name)
        with pytest.raises(FileNotFoundError, match=f"{name} is not there"):
            store.stat(name)
        with pytest.raises(FileNotFoundError, match=f"{name} is not there"):
            store.fetch(name, tmp_path / "fetched")
        assert not store.has(name)
    assert list(tmp_path.glob("fetched*")) == []
    assert list(tmp_path.glob(f"{WRITING}*")) == []


def test_lists_are_of_folders(store: Store) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "4"):
        store.put(name, b"")
    assert _names(store) == ["4", "a/1", "a/b/2", "ab/3"]
    assert _names(store, "a") == ["a/1", "a/b/2"]
    assert _names(store, "a/b") == ["a/b/2"]
    assert _names(store, "c") == _names(store, "4") == []


def test_removing(store: Store) -> None:
    for name in ("a/1", "a/b/2", "ab/3"):
        store.put(name, b"")
    store.remove("a/1")
    store.remove("a/1")
    store.remove("a")  # a folder is no file
    assert _names(store) == ["a/b/2", "ab/3"]
    store.remove_below("a")
    store.remove_below("a")
    assert _names(store) == ["ab/3"]
    with pytest.raises(NameRefused):
        store.remove_below("")


def test_more_than_a_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "AT_ONCE", 3)
    wanted = [f"many/{number}" for number in range(8)]
    for name in wanted:
        store.put(name, b"")
    assert _names(store) == wanted
    store.remove_below("many")
    assert _names(store) == []


def test_pieces(store: Store) -> None:
    store.put("a", b"0123456789")
    assert store.read_at("a", 3, 4) == b"3456"
    assert store.read_at("a", 8, 100) == b"89"
    assert store.read_at("a", 10, 1) == b""
    with pytest.raises(FileNotFoundError):
        store.read_at("b", 0, 1)


def test_another_version_is_not_fetched(store: Store, tmp_path: Path) -> None:
    first = store.put("a", b"first")
    store.put("a", b"then")
    with pytest.raises(StoreChanged):
        store.fetch("a", tmp_path / "a", first.version)
    assert not (tmp_path / "a").exists()
    store.fetch("a", tmp_path / "a", store.stat("a").version)
    assert (tmp_path / "a").read_bytes() == b"then"


def test_a_store_below(store: Store) -> None:
    store.below("alice/slides").put("a", b"hers")
    assert store.get("alice/slides/a") == b"hers"
    with pytest.raises(NameRefused):
        store.below("..")


def test_a_store_can_be_sent_elsewhere(store: Store) -> None:
    store.put("a", b"sent")
    assert pickle.loads(pickle.dumps(store)).get("a") == b"sent"


_SEGMENTS = st.one_of(
    st.sampled_from(["%2e%2e", "a?versionId=1", "a b", "+", "ä", "#", "a\\b", "*", "~", "&<>\"'"]),
    st.text(min_size=1, max_size=12),
)
_NAMES = st.lists(_SEGMENTS, min_size=1, max_size=4).map("/".join).filter(is_name)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=_NAMES)
def test_any_name_comes_back(store: Store, name: str) -> None:
    store.put(name, name.encode())
    assert store.get(name) == name.encode()
    assert _names(store) == [name]
    store.remove_below(name.split("/")[0])
    store.remove(name)
    assert _names(store) == []


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "./a", "a\0", "a\nb", "\ud800", "\uffff",
     f"{WRITING}a", f"a/{WRITING}b", "x" * 256, "/".join(["x" * 200] * 6)],
)  # fmt: skip
def test_names_that_no_store_can_hold_are_refused(store: Store, tmp_path: Path, name: str) -> None:
    for act in (
        lambda: store.put(name, b""),
        lambda: store.put_if_absent(name, b""),
        lambda: store.get(name),
        lambda: store.fetch(name, tmp_path / "a"),
        lambda: store.stat(name),
        lambda: store.remove(name),
        lambda: store.remove_below(name),
        lambda: store.read_at(name, 0, 1),
        lambda: store.list(name or "/"),
    ):
        with pytest.raises(NameRefused):
            act()
    assert store.list() == []


def test_a_file_is_moved_in(store: Store, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"content")
    store.put("a/b", b"older")
    assert store.move_in("a/b", given).size == 7
    assert store.get("a/b") == b"content"
    assert store.list() == [store.stat("a/b")]
    assert not given.exists()


def test_a_file_of_another_disk_is_moved_in(store: Store, tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has one disk")
    with tempfile.NamedTemporaryFile(dir=elsewhere, delete=False) as file:
        file.write(b"content")
    store.move_in("a/b", Path(file.name))
    assert store.get("a/b") == b"content"
    assert not Path(file.name).exists()
