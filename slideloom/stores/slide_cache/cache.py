"""A local folder of slides that are in S3, shared by all processes of a machine."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slideloom.errors import BadInput
from slideloom.settings import settings
from slideloom.stores.base import Entry, always
from slideloom.stores.errors import StoreChanged, StoreFailed, failed
from slideloom.stores.slide_cache.locks import Lock, take
from slideloom.stores.slide_cache.parts import slide_parts
from slideloom.stores.slide_cache.room import CacheFull, Room
from slideloom.stores.store import Store

_LOOKS = 5
"""How often a slide may be replaced while it is fetched."""
_PATIENCE_S = 3600.0
_LOOK_AGAIN_S = 0.05

__all__ = ["CacheFull", "SlideCache", "SlideTooLarge", "default_cache"]


class SlideTooLarge(BadInput):
    """A slide alone is larger than the cache may be."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One version of a slide.

    Attributes:
        store: Where it is.
        name: Its name there.
        parts: All its objects.
        go_on: Raises when the slide is not wanted any more.
    """

    store: Store
    name: str
    parts: tuple[Entry, ...]
    go_on: Callable[[], None]

    @property
    def key(self) -> str:
        """Digest of service, bucket, names and versions."""
        told = [(part.name, part.version) for part in self.parts]
        whole = json.dumps([self.store.options.endpoint_url, str(self.store.root), self.name, told])
        return hashlib.sha256(whole.encode()).hexdigest()[:40]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)

    def path(self, folder: Path, part: str) -> Path:
        """Where a part lies in the slide's folder: as it lies to the slide in the store."""
        base = self.name.rpartition("/")[0]
        return folder / (part[len(base) + 1 :] if base else part)

    def is_in(self, folder: Path) -> bool:
        """Whether all of it is there."""
        try:
            return all(
                self.path(folder, part.name).stat().st_size == part.size for part in self.parts
            )
        except (FileNotFoundError, NotADirectoryError):
            return False


class SlideCache:
    """Slides of a store as local files, for as long as they are open.

    Any number of threads and processes share a folder. One fetches a slide, the others who want
    it wait. A slide that is open (pinned) never goes; a pin ends with its process. Another
    version of a slide is another slide.

    Args:
        folder: The folder, on a local disk: the locks are those of this machine.
        limit_bytes: What it may hold.
        patience_s: How long others may take to fetch a slide that is wanted here too.
    """

    def __init__(self, folder: Path, limit_bytes: int, patience_s: float = _PATIENCE_S) -> None:
        """Touch nothing yet."""
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._room = Room(folder, limit_bytes, patience_s)

    @contextmanager
    def open(self, store: Store, name: str, go_on: Callable[[], None] = always) -> Iterator[Path]:
        """The slide's local path, good inside the `with`. Of a local store it is the file itself.

        Args:
            store: Where the slide is.
            name: Its name there.
            go_on: Called again and again while the slide is fetched, or waited for; what it raises
                ends that, and leaves nothing.

        Raises:
            FileNotFoundError: The slide is not there.
            PermissionError: It may not be read.
            SlideTooLarge: It is larger than the cache may be.
            CacheFull: Slides that are open leave no room.
            DiskFull: The disk has no room.
            StoreFailed: It could not be fetched.
        """
        if store.is_local:
            yield store.local_path(name)
            return
        pin, path = self._pinned(store, name, go_on)
        with pin:
            yield path

    def _pinned(self, store: Store, name: str, go_on: Callable[[], None]) -> tuple[Lock, Path]:
        """The newest version; it may be replaced while it is fetched."""
        changed: StoreChanged | FileNotFoundError | None = None
        for _ in range(_LOOKS):
            wanted = _Wanted(store, name, slide_parts(store, name), go_on)
            if wanted.size > self._room.limit_bytes:
                raise SlideTooLarge(
                    f"slide {store.url(name)} has {wanted.size} bytes, and the slide cache may "
                    f"hold {self._room.limit_bytes}: raise SLIDELOOM_SLIDE_CACHE_BYTES"
                )
            folder = self._room.slide(wanted.key, wanted.size)
            try:
                return self._pin(wanted, folder), wanted.path(folder, name)
            except (StoreChanged, FileNotFoundError) as error:  # replaced, or a part removed
                changed = error
            except PermissionError:
                raise
            except OSError as error:
                advice = "set SLIDELOOM_SLIDE_CACHE to another folder"
                raise failed(folder, error, advice) from error
        raise StoreChanged(
            f"slide {store.url(name)} is replaced again and again: wait until it is at rest"
        ) from changed

    def _pin(self, wanted: _Wanted, folder: Path) -> Lock:
        """The slide's lock, shared: as soon as it is whole, or whoever fetches it is done."""
        deadline = time.monotonic() + self._room.patience_s
        while (lock := self._attempt(wanted, folder)) is None:
            if time.monotonic() > deadline:
                raise StoreFailed(
                    f"another process holds {folder} since {self._room.patience_s:.0f} s, and it "
                    "is not whole: look for one that hangs, and end it"
                )
            wanted.go_on()
            time.sleep(_LOOK_AGAIN_S)
        return lock

    def _attempt(self, wanted: _Wanted, folder: Path) -> Lock | None:
        """Pin it if it is whole, fetch it if nobody does; None: look again."""
        path = self._room.lock(wanted.key)
        lock = take(path, alone=not wanted.is_in(folder))
        if lock is None:
            return None
        if lock.is_alone:
            try:
                if not wanted.is_in(folder):
                    self._fetch(wanted, folder)
            except BaseException:
                lock.remove()
                raise
            lock.share()
        if lock.is_in_place() and wanted.is_in(folder):
            os.utime(folder)  # its time of last use
            return lock
        lock.release()
        return None

    def _fetch(self, wanted: _Wanted, folder: Path) -> None:
        """Under the slide's lock."""
        self._room.discard(folder)  # somebody has taken files out of it
        made = self._room.reserve(wanted.key, wanted.size)
        try:
            for part in wanted.parts:
                path = wanted.path(made, part.name)
                wanted.store.fetch(part.name, path, part.version, wanted.go_on)
            self._room.finish(made, wanted.key, wanted.size)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise


def default_cache() -> SlideCache:
    """The cache that the settings name."""
    chosen = settings()
    folder = chosen.slide_cache or chosen.home / "slide-cache"
    return SlideCache(folder, chosen.slide_cache_bytes)
