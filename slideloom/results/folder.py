"""A result folder: claimed by one run at a time, written file by file, committed by its manifest.

Every file appears whole or not at all (temporary name, then rename). `manifest.json` is written
last: a folder without it holds no result, only parts that a rerun takes up again.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any

from slideloom.errors import BadInput, OutputConflict, OutputUnwritable, SlideloomError

MANIFEST = "manifest.json"
PARTS = "parts"
IDENTITY = "parts/identity.json"
RUN = "run.json"
_LOCK = "parts/lock"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a folder holds the result of.

    Attributes:
        kind: Kind of job, e.g. `segment_cells`.
        slide: SHA-256 fingerprint of the slide.
        key: Digest of all that can change the result.
        described: The same in words, for messages: parameter name to value.
    """

    kind: str
    slide: str
    key: str
    described: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "slide": self.slide,
            "key": self.key,
            "described": self.described,
        }


class Claim(Enum):
    """What a folder held when it was claimed."""

    NEW = "new"
    RESUMED = "resumed"
    COMPLETE = "complete"


class ResultFolder:
    """One job's result on a local disk.

    Args:
        path: The folder; made when it is claimed.
        names: File names that the job will write, the manifest not among them.
    """

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        """Touch nothing yet."""
        self.path = path
        self.names = names
        self._lock: IO[str] | None = None
        self._made: list[Path] = []
        self._claim: Claim | None = None

    def claim(self, identity: Identity) -> Claim:
        """Take the folder for this run, or say that its result is already there.

        Raises:
            OutputConflict: It holds something else, or another run is writing into it.
            OutputUnwritable: It cannot be written.
        """
        self._refuse_strangers()
        if (self.path / MANIFEST).exists():
            self._refuse_other(identity, self.read_json(MANIFEST)["identity"])
            self._claim = Claim.COMPLETE
            return self._claim
        resumed = (self.path / IDENTITY).exists()
        with writing(self.path):
            self._make_folders()
            self._take_lock()
        if resumed:
            self._refuse_other(identity, self.read_json(IDENTITY))
        else:
            self.write_json(IDENTITY, identity.as_dict())
        self._claim = Claim.RESUMED if resumed else Claim.NEW
        return self._claim

    def _refuse_strangers(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise OutputConflict(f"{self.path} is a file: --out wants a folder")
        if (self.path / MANIFEST).exists() or (self.path / IDENTITY).exists():
            return
        there = [name for name in self.names if (self.path / name).exists()]
        if there:
            raise OutputConflict(
                f"{self.path} already has a {there[0]} that no run of slideloom finished: choose "
                "another folder, or move the file away"
            )

    def _refuse_other(self, wanted: Identity, there: dict[str, Any]) -> None:
        if there["key"] == wanted.key and there["kind"] == wanted.kind:
            return
        self._release()
        if there["slide"] != wanted.slide or there["kind"] != wanted.kind:
            what = f"{there['kind']} of another slide ({there['described'].get('slide', '?')})"
            if there["slide"] == wanted.slide:
                what = f"{there['kind']} of this slide"
            raise OutputConflict(f"{self.path} holds {what}: choose another folder with --out")
        changed = [
            f"{name} was {there['described'].get(name)} and is now {value}"
            for name, value in wanted.described.items()
            if there["described"].get(name) != value
        ]
        raise OutputConflict(
            f"{self.path} holds a run of this slide with other settings "
            f"({'; '.join(changed) or 'another version of slideloom'}): choose another folder with "
            "--out, or use the same settings"
        )

    def _make_folders(self) -> None:
        missing = [
            folder
            for folder in (self.path / PARTS, self.path, *self.path.parents)
            if not folder.exists()
        ]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)

    def _take_lock(self) -> None:
        """Hold a lock that the system frees when the process ends, however it ends."""
        self._lock = open(self.path / _LOCK, "a")  # noqa: SIM115 - held until `_release`
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise OutputConflict(
                f"another run is writing into {self.path}: wait for it, or choose another folder"
            ) from None

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A temporary path; it takes the name `name` when the block ends without an error."""
        final = self.path / name
        temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
        with writing(self.path):
            try:
                yield temporary
                with open(temporary, "rb+") as written:
                    os.fsync(written.fileno())
                temporary.replace(final)
            finally:
                temporary.unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole."""
        with self.replacing(name) as temporary:
            temporary.write_bytes(content)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file whole: sorted keys, so equal content gives equal bytes."""
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
        self.write(name, (text + "\n").encode())

    def read_json(self, name: str) -> Any:
        """What `write_json` wrote."""
        return json.loads((self.path / name).read_bytes())

    def commit(self, identity: Identity, about: dict[str, Any]) -> dict[str, Any]:
        """Write the manifest over the files that are there, then remove the parts.

        Returns:
            The manifest: `identity`, `files` (name, size in bytes, SHA-256), and `about`.
        """
        manifest = {
            **about,
            "identity": identity.as_dict(),
            "files": [_entry(self.path, name) for name in sorted(self.names)],
        }
        self.write_json(MANIFEST, manifest)
        self._release()
        shutil.rmtree(self.path / PARTS)
        return manifest

    def release(self) -> None:
        """Let the folder go and keep what is there; a rerun takes it up."""
        self._release()

    def abandon(self) -> None:
        """Let the folder go; remove what this run made, keep what an earlier run left."""
        self._release()
        if self._claim is Claim.NEW or (self._claim is None and self._made):
            for name in (*self.names, RUN):
                (self.path / name).unlink(missing_ok=True)
            shutil.rmtree(self.path / PARTS, ignore_errors=True)
            for folder in reversed(self._made):
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()


def _entry(folder: Path, name: str) -> dict[str, Any]:
    with open(folder / name, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"name": name, "bytes": (folder / name).stat().st_size, "sha256": digest}


@contextmanager
def abandoned_on_bad_input(folder: ResultFolder) -> Iterator[None]:
    """Remove what this run made where the input turns out bad; keep parts on any other end."""
    try:
        yield
    except BadInput:
        folder.abandon()
        raise
    except BaseException:
        folder.release()
        raise


def check_writable(folder: Path) -> None:
    """Could a run write here? Makes nothing.

    Raises:
        OutputConflict: There is a file of this name.
        OutputUnwritable: The folder, or the nearest one above it, does not let us write.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise OutputConflict(f"{there} is a file: --out wants a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputUnwritable(f"{there} cannot be written: choose another folder with --out")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the system's refusals to write below `folder` into `OutputUnwritable`."""
    try:
        yield
    except SlideloomError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise OutputUnwritable(
                f"no room left on the disk of {folder}: free some, or choose another folder"
            ) from error
        if error.errno in _NOT_ALLOWED:
            raise OutputUnwritable(
                f"{folder} cannot be written ({error.strerror}): choose another folder with --out"
            ) from error
        raise
