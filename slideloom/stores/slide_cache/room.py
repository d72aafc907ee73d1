"""The cache's folder: what is in it, and how room is made.

    whole/<id>-<bytes>/            slides, each with its time of last use
    partial/<id>-<bytes>-<random>/ being fetched, or being removed (0 bytes)
    locks/<id>                     shared: the slide is open; alone: it is fetched or removed
    lock                           who counts, removes and reserves

A folder moves from `partial` to `whole` and back by a rename, so what is in `whole` is whole. What
is in `partial` without its lock being held is left from a process that was killed.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slideloom.stores.errors import DiskFull, StoreFailed
from slideloom.stores.slide_cache.locks import Lock, take, wait_for
from slideloom.stores.whole import sync_folder


class CacheFull(StoreFailed):
    """Open slides leave no room for another one."""


@dataclass(frozen=True, slots=True)
class Room:
    """A folder bounded by bytes.

    Attributes:
        folder: The folder, on a local disk.
        limit_bytes: What slides in it, whole and on their way, may come to.
        patience_s: How long others may hold a lock.
    """

    folder: Path
    limit_bytes: int
    patience_s: float

    def slide(self, key: str, size: int) -> Path:
        """Where a whole slide is, or would be."""
        return self.folder / "whole" / f"{key}-{size}"

    def lock(self, key: str) -> Path:
        """The lock of a slide."""
        return self.folder / "locks" / key

    def reserve(self, key: str, size: int) -> Path:
        """A new folder for a slide on its way, with room for it; its lock is held alone.

        The slides that were used least recently go first; those that are open do not go.

        Raises:
            CacheFull: Open slides take the room.
            DiskFull: The disk has no room.
            StoreFailed: Another process has held the folder for too long.
        """
        with wait_for(self.folder / "lock", self.patience_s):
            (self.folder / "partial").mkdir(parents=True, exist_ok=True)
            (self.folder / "whole").mkdir(exist_ok=True)
            self._sweep(key)
            self._make_room(size)
            made = self._new_partial(key, size)
            made.mkdir()
            return made

    def finish(self, made: Path, key: str, size: int) -> None:
        """A slide has come whole."""
        made.rename(self.slide(key, size))
        sync_folder(self.folder / "whole")

    def discard(self, slide: Path) -> None:
        """Remove a slide, whole or not; its lock is held alone."""
        gone = self._new_partial(_key(slide), 0)
        try:
            slide.rename(gone)  # first, so that nobody sees a part of it
        except FileNotFoundError:
            return
        shutil.rmtree(gone)

    def _sweep(self, own: str) -> None:
        """Remove what killed processes have left; nobody else fetches what we fetch."""
        for left in list((self.folder / "partial").iterdir()):
            key = _key(left)
            if key == own:
                shutil.rmtree(left)
            elif (lock := take(self.lock(key), alone=True)) is not None:
                shutil.rmtree(left)
                self._forget(key, lock)

    def _make_room(self, size: int) -> None:
        oldest = self._by_last_use()
        while (missing := self._missing(size)) is not None:
            for slide in oldest:
                if (lock := take(self.lock(_key(slide)), alone=True)) is not None:
                    self.discard(slide)
                    self._forget(_key(slide), lock)
                    break
            else:
                raise missing

    def _forget(self, key: str, lock: Lock) -> None:
        """Its lock's file may go as well, unless a slide is left that it guards."""
        if any((self.folder / "whole").glob(f"{key}-*")):
            lock.release()
        else:
            lock.remove()

    def _by_last_use(self) -> Iterator[Path]:
        slides = [(path.stat().st_mtime_ns, path) for path in self._folders("whole")]
        return iter([path for _, path in sorted(slides)])

    def _missing(self, size: int) -> StoreFailed | None:
        """What stands against so many bytes more."""
        held = sum(map(_size, self._folders("whole")))
        coming = sum(map(_size, self._folders("partial")))
        if held + coming + size > self.limit_bytes:
            return CacheFull(
                f"{self.folder} may hold {self.limit_bytes} bytes, {held + coming} are in use by "
                f"open slides, and {size} more are wanted: raise SLIDELOOM_SLIDE_CACHE_BYTES, or "
                "run fewer jobs here"
            )
        arrived = sum(map(_written, self._folders("partial")))
        free = shutil.disk_usage(self.folder).free
        if free < size + coming - arrived:
            return DiskFull(
                f"the disk of {self.folder} has {free} bytes left, and a slide of {size} bytes "
                "is wanted: free some, or set SLIDELOOM_SLIDE_CACHE to a folder on another disk"
            )
        return None

    def _folders(self, kind: str) -> list[Path]:
        return list((self.folder / kind).iterdir())

    def _new_partial(self, key: str, size: int) -> Path:
        return self.folder / "partial" / f"{key}-{size}-{uuid.uuid4().hex}"


def _key(folder: Path) -> str:
    return folder.name.split("-")[0]


def _size(folder: Path) -> int:
    return int(folder.name.split("-")[1])


def _written(folder: Path) -> int:
    """Bytes of files below a folder that somebody may be working in."""
    total = 0
    for top, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.lstat(os.path.join(top, file)).st_size  # noqa: PTH118, one string
            except FileNotFoundError:
                continue
    return total
