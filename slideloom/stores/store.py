"""A store: files by name below one root, on a local disk or in S3, by the same code."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from slideloom.stores.base import Entry, Place, Source, Watched, always
from slideloom.stores.errors import failed
from slideloom.stores.local import LocalPlace
from slideloom.stores.names import LocalRoot, Root, check_name
from slideloom.stores.options import S3Options
from slideloom.stores.whole import put_in_place, settle, written_beside


@dataclass(frozen=True)
class Store:
    """Files below one root, by relative POSIX names.

    It holds no connection: it may be copied, pickled, and used from any thread and process, also
    from one whose event loop has gone. Calls block; a coroutine hands them to a thread.

    Every method raises FileNotFoundError for what is missing, PermissionError for what is refused,
    NameRefused for names that no store can hold, and StoreFailed for the rest, among it a
    service that stays away for all tries.

    Attributes:
        root: Folder, or bucket and prefix.
        options: How to reach S3; nothing to a local folder.
    """

    root: Root
    options: S3Options = field(default_factory=S3Options)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return isinstance(self.root, LocalRoot)

    def below(self, prefix: str) -> "Store":
        """The store whose root is a folder of this one."""
        return Store(self.root.below(prefix), self.options)

    def put(self, name: str, content: bytes) -> Entry:
        """Write whole or not at all, over what was there."""
        return self._put(name, Source(content))

    def put_file(self, name: str, path: Path) -> Entry:
        """Write a local file whole or not at all, over what was there."""
        return self._put(name, Source(path))

    def move_in(self, name: str, path: Path) -> Entry:
        """Make a local file that is at rest the content, over what was there; its name is gone.

        On one disk it is renamed, however large it is; else it is copied.
        """
        place = self._place
        if isinstance(place, LocalPlace) and (entry := place.move_in(check_name(name), path)):
            return entry
        entry = self.put_file(name, path)
        path.unlink()
        return entry

    def put_if_absent(self, name: str, content: bytes | Path) -> bool:
        """Write bytes or a local file if nothing is there; whether it was written.

        Of any number that try at once, on any machine, one writes.
        """
        return self._place.write(check_name(name), Source(content), only_if_absent=True) is not None

    def get(self, name: str) -> bytes:
        """All bytes of it."""
        sink = io.BytesIO()
        self._place.copy_to(check_name(name), sink, None)
        return sink.getvalue()

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        """A piece of it, in one request; shorter, or empty, where it ends before.

        The piece is not compared with a digest.
        """
        return self._place.read_at(check_name(name), offset, length)

    def fetch(
        self,
        name: str,
        path: Path,
        version: str | None = None,
        go_on: Callable[[], None] = always,
    ) -> Entry:
        """Make it a local file, which appears whole or not at all; one MiB is in memory.

        Args:
            name: Name.
            path: The local file; what is there is replaced.
            version: Version that it must have, as in an `Entry`.
            go_on: Called before every MiB is written; what it raises ends the fetch.

        Raises:
            StoreChanged: It has another version.
            DiskFull: The local disk is full.
        """
        check_name(name)
        try:
            with written_beside(path) as (stream, made):
                entry = self._place.copy_to(name, Watched(stream, go_on), version)
                settle(stream, made)
                put_in_place(made, path)
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as error:
            raise failed(path, error, "use another folder") from error
        return entry

    def stat(self, name: str) -> Entry:
        """Its size and version."""
        return self._place.stat(check_name(name))

    def has(self, name: str) -> bool:
        """Whether it is there; in a bucket that is missing, nothing is."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def list(self, prefix: str = "") -> list[Entry]:
        """Everything below a folder (of none: everything), by name.

        A folder without anything below it is as good as none. Files of names that no store can
        hold are left out.
        """
        below = check_name(prefix) if prefix else ""
        return sorted(self._place.list_below(below), key=lambda entry: entry.name)

    def remove(self, name: str) -> None:
        """Remove it, if it is there."""
        self._place.remove(check_name(name))

    def remove_below(self, prefix: str) -> None:
        """Remove everything below a folder."""
        self._place.remove_below(check_name(prefix))

    def url(self, name: str) -> str:
        """It as people write it, for messages."""
        return f"{self.root}/{name}"

    def local_path(self, name: str) -> Path:
        """Where it lies on this machine.

        Raises:
            PermissionError: A link leads out of the folder.
            StoreFailed: The store is not on this machine.
        """
        place = self._place
        if not isinstance(place, LocalPlace):
            raise failed(self.url(name), ValueError("is no local file"), "fetch it first")
        return place.path(check_name(name))

    def _put(self, name: str, source: Source) -> Entry:
        entry = self._place.write(check_name(name), source, only_if_absent=False)
        if entry is None:  # only `only_if_absent` gives none
            raise failed(self.url(name), ValueError("was not written"), "try again")
        return entry

    @property
    def _place(self) -> Place:
        if isinstance(self.root, LocalRoot):
            return LocalPlace(self.root.folder)
        from slideloom.stores.s3 import S3Place  # s3fs takes a while to import

        return S3Place(self.root, self.options)
