"""What only a local disk does: links, leftovers, refusals of the system."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from slideloom.stores import DiskFull, LocalRoot, Store, StoreFailed
from slideloom.stores.names import WRITING
from tests.helpers.files import contents


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Alice's store, with bob's beside it and links to that."""
    for tenant in ("alice", "bob"):
        (tmp_path / tenant).mkdir()
        (tmp_path / tenant / "own").write_bytes(tenant.encode())
    (tmp_path / "alice" / "bobs").symlink_to(tmp_path / "bob")
    (tmp_path / "alice" / "link").symlink_to(tmp_path / "bob" / "own")
    (tmp_path / "alice" / "circle").symlink_to("circle")
    (tmp_path / "alice" / "same").symlink_to("own")
    return Store(LocalRoot(tmp_path / "alice"))


@pytest.mark.parametrize("name", ["bobs/own", "link", "bobs/new"])
def test_links_lead_nowhere(store: Store, tmp_path: Path, name: str) -> None:
    before = contents(tmp_path / "bob")
    for act in (
        lambda: store.get(name),
        lambda: store.stat(name),
        lambda: store.put(name, b"x"),
        lambda: store.put_if_absent(name, b"x"),
        lambda: store.remove(name),
        lambda: store.remove_below("bobs"),
        lambda: store.list("bobs"),
        lambda: store.local_path(name),
    ):
        with pytest.raises(PermissionError, match="leads out of"):
            act()
    assert contents(tmp_path / "bob") == before


def test_circles_are_told(store: Store) -> None:
    with pytest.raises(StoreFailed, match="circle"):
        store.get("circle/a")


def test_only_what_is_inside_is_listed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "alice" / f"{WRITING}left").write_bytes(b"half")
    os.mkfifo(tmp_path / "alice" / "pipe")
    (tmp_path / "alice" / "circle").unlink()
    assert [entry.name for entry in store.list()] == ["own", "same"]


def test_where_a_file_stands_no_folder_can_be(store: Store) -> None:
    with pytest.raises(StoreFailed, match="another name"):
        store.put("own/below", b"")


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file of this process may be larger than 4 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.usefixtures("little_room")
def test_a_full_disk_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="no room left"):
        store.put("large", b"x" * 10_000)
    assert not list((tmp_path / "alice").glob(f"{WRITING}*"))
    store.put("small", b"x")
