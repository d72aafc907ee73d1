"""A store on a local disk."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from slideloom.stores.base import CHUNK_BYTES, Entry, Sink, Source
from slideloom.stores.errors import StoreChanged, failed
from slideloom.stores.names import is_name
from slideloom.stores.whole import put_in_place, settle, written_beside


class LocalPlace:
    """Files below a folder; each is written under another name beside it, then put in place.

    Whoever else may write into the folder can leave links there: where one leads out of the
    folder, it is refused. The bytes are on the disk (fsync) before the name is.
    """

    def __init__(self, folder: Path) -> None:
        """Touch nothing yet."""
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where it is, or would be.

        Raises:
            PermissionError: A link leads out of the folder.
            StoreFailed: Links lead in a circle.
        """
        path = self._folder / name
        with _told(path):
            if not self._is_inside(path):
                raise PermissionError(f"{path} leads out of {self._folder}: remove the link")
        return path

    def write(self, name: str, source: Source, only_if_absent: bool) -> Entry | None:
        """See `Place`."""
        path = self.path(name)
        with _told(path), source.open() as given, written_beside(path) as (stream, made):
            shutil.copyfileobj(given, stream, CHUNK_BYTES)
            settle(stream, made)
            entry = _entry(name, os.fstat(stream.fileno()))
            return entry if put_in_place(made, path, only_if_absent) else None

    def move_in(self, name: str, path: Path) -> Entry | None:
        """Rename a local file to be this one; None: it is on another disk, and stays there."""
        target = self.path(name)
        with _told(target), path.open("rb+") as stream:
            target.parent.mkdir(parents=True, exist_ok=True)
            settle(stream, path)
            entry = _entry(name, os.fstat(stream.fileno()))
            try:
                put_in_place(path, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                return None
        return entry

    def copy_to(self, name: str, sink: Sink, version: str | None) -> Entry:
        """See `Place`."""
        path = self.path(name)
        with _told(path), _reading(path) as stream:
            entry = _entry(name, os.fstat(stream.fileno()))
            if version not in {None, entry.version}:
                raise StoreChanged(f"{path} has changed meanwhile: try again")
            shutil.copyfileobj(stream, sink, CHUNK_BYTES)
        return entry

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        """See `Place`."""
        path = self.path(name)
        with _told(path), _reading(path) as stream:
            stream.seek(offset)
            return stream.read(length)

    def stat(self, name: str) -> Entry:
        """See `Place`."""
        path = self.path(name)
        with _told(path), _reading(path) as stream:
            return _entry(name, os.fstat(stream.fileno()))

    def list_below(self, prefix: str) -> list[Entry]:
        """See `Place`; links out of the folder and half-written files are left out."""
        top = self.path(prefix) if prefix else self._folder
        with _told(top):
            return list(self._entries(top))

    def remove(self, name: str) -> None:
        """See `Place`."""
        path = self.path(name)
        with _told(path), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()

    def remove_below(self, prefix: str) -> None:
        """See `Place`."""
        path = self.path(prefix)
        with _told(path), suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(path)

    def _entries(self, top: Path) -> Iterator[Entry]:
        for folder, _, files in os.walk(top, onerror=_complain):
            for path in (Path(folder, file) for file in files):
                name = path.relative_to(self._folder).as_posix()
                if is_name(name) and path.is_file() and self._is_inside(path):
                    with suppress(FileNotFoundError):  # removed while we look
                        yield _entry(name, path.stat())

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder.resolve())


def _complain(error: OSError) -> None:
    """Only what is not there is nothing."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    """The file opened; a folder is no file, and of a file's inside there is nothing."""
    try:
        stream = path.open("rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(f"{path} is not there: check the name") from error
    with stream:
        yield stream


def _entry(name: str, stat: os.stat_result) -> Entry:
    return Entry(name, stat.st_size, f"{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what is neither missing nor refused into `StoreFailed`."""
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError
        raise failed(path, error, "use another name or folder") from error
