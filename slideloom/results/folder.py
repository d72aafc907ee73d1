"""A result folder: claimed by one run at a time, written file by file, committed by its manifest.

Every file appears whole or not at all (temporary name, then rename). `manifest.json` is written
last: a folder without it holds no result, only parts that a rerun takes up again.
"""

import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from slideloom.errors import BadInput, OutputBusy, OutputConflict, OutputUnwritable
from slideloom.results.identity import Claim, Identity
from slideloom.results.writing import writing

MANIFEST = "manifest.json"
PARTS = "parts"
IDENTITY = f"{PARTS}/identity.json"
RUN = "run.json"
_LOCK = f"{PARTS}/lock"
_TEMPORARY = ".writing-"


class ResultFolder:
    """One job's result on a local disk.

    Args:
        path: The folder; made when it is claimed.
        names: File names that the job will write, the manifest and `run.json` not among them.
    """

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        """Touch nothing yet."""
        self.path = path
        self.names = names
        self._lock: IO[str] | None = None
        self._made: list[Path] = []
        self._new = False

    def claim(self, identity: Identity) -> Claim:
        """Take the folder for this run, or say that its result is already there.

        Raises:
            OutputConflict: It holds something else, or another run is writing into it.
            OutputUnwritable: It cannot be written.
        """
        with writing(self.path):
            if self._is_finished(identity):
                self._sweep()
                return Claim.COMPLETE
            self._refuse_strangers()
            self._take_lock()
            try:
                return self._claimed(identity)
            except OutputConflict:
                self._release()
                raise

    def _claimed(self, identity: Identity) -> Claim:
        """Under the lock nobody else changes the folder: take up what is there, or begin."""
        if self._is_finished(identity):  # by another run, meanwhile
            self._clear_parts()
            self._release()
            return Claim.COMPLETE
        self._refuse_strangers()
        if (self.path / IDENTITY).exists():
            self._refuse_other(identity, self._identity_in(IDENTITY))
            for left in (self.path / PARTS).glob(f"{_TEMPORARY}*"):
                left.unlink()
            return Claim.RESUMED
        self._new = True
        self.write_json(IDENTITY, identity.as_dict())
        return Claim.NEW

    def _is_finished(self, identity: Identity) -> bool:
        """Does the folder hold this very result, whole?"""
        if not (self.path / MANIFEST).exists():
            return False
        self._refuse_other(identity, self._identity_in(MANIFEST))
        for entry in self.read_json(MANIFEST)["files"]:
            file = self.path / entry["name"]
            if not file.exists() or file.stat().st_size != entry["bytes"]:
                raise OutputConflict(
                    f"{file} is missing or was changed after the result was finished: choose "
                    "another folder with --out, or remove this one"
                )
        return True

    def _identity_in(self, name: str) -> dict[str, Any]:
        """The identity that a file of the folder states."""
        try:
            content = self.read_json(name)
            stated = content["identity"] if name == MANIFEST else content
            return {key: stated[key] for key in ("kind", "slide", "key", "described")}
        except (ValueError, KeyError, TypeError) as error:
            raise OutputConflict(
                f"{self.path / name} was not written by slideloom, or is damaged: choose another "
                "folder with --out"
            ) from error

    def _refuse_strangers(self) -> None:
        """Refuse a folder with files of the names we write that no run of ours accounts for."""
        if self.path.exists() and not self.path.is_dir():
            raise OutputConflict(f"{self.path} is a file: --out wants a folder")
        if (self.path / IDENTITY).exists():
            return
        there = [name for name in (*self.names, RUN) if (self.path / name).exists()]
        parts = self.path / PARTS
        if parts.is_dir():
            there += [f"{PARTS}/{file.name}" for file in parts.iterdir() if file.name != "lock"]
        elif parts.exists():
            there.append(PARTS)
        if there:
            raise OutputConflict(
                f"{self.path} already has a {there[0]} that no run of slideloom accounts for: "
                "choose another folder with --out"
            )

    def _refuse_other(self, wanted: Identity, there: dict[str, Any]) -> None:
        if there["key"] == wanted.key and there["kind"] == wanted.kind:
            return
        told = there["described"]
        if there["kind"] != wanted.kind:
            what = f"{there['kind']} of {told.get('slide', 'a slide')}"
        elif there["slide"] != wanted.slide:
            what = f"{there['kind']} of another slide ({told.get('slide', '?')})"
        else:
            changed = [
                f"{name} was {told.get(name)} and is now {value}"
                for name, value in wanted.described.items()
                if told.get(name) != value
            ]
            settings = "; ".join(changed) or "another version of slideloom or of its libraries"
            what = f"a run of this slide with other settings ({settings})"
        raise OutputConflict(f"{self.path} holds {what}: choose another folder with --out")

    def _make_folders(self) -> None:
        for folder in (*reversed(self.path.parents), self.path, self.path / PARTS):
            if folder.exists():
                continue
            try:
                folder.mkdir()
            except FileExistsError:
                continue  # somebody else made it just now: it is theirs to remove
            self._made.append(folder)

    def _take_lock(self) -> None:
        """Hold a lock that the system frees when the process ends, however it ends.

        A run that ends removes the lock with its parts. Whoever opened it just before then holds
        a file that nobody else will ever see, so the file that is locked must be the one in place.
        """
        while True:
            self._make_folders()
            try:
                lock = open(self.path / _LOCK, "a")  # noqa: SIM115 - held until `_release`
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                raise OutputBusy(
                    f"another run is writing into {self.path}: wait for it, or choose another "
                    "folder with --out"
                ) from None
            if _same_file(lock, self.path / _LOCK):
                self._lock = lock
                return
            lock.close()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A temporary path; it takes the name `name` when the block ends without an error.

        It lies in `parts`, so that what a killed process leaves there goes with the parts.
        """
        parts = self.path / PARTS
        temporary = (parts if parts.is_dir() else self.path) / f"{_TEMPORARY}{uuid.uuid4().hex}"
        with writing(self.path):
            try:
                yield temporary
                with open(temporary, "rb+") as written:
                    os.fsync(written.fileno())
                temporary.replace(self.path / name)
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
        self._clear_parts()
        self._release()
        return manifest

    def _clear_parts(self) -> None:
        """Remove the parts, the lock last: until then nobody else can claim the folder."""
        parts = self.path / PARTS
        for file in parts.iterdir():
            if file.name != "lock":
                file.unlink()
        (self.path / _LOCK).unlink(missing_ok=True)
        with suppress(OSError):  # not empty: the next run is there already
            parts.rmdir()

    def _sweep(self) -> None:
        """Remove the parts that a run left which was killed just after its manifest."""
        if (self.path / IDENTITY).exists() and os.access(self.path / PARTS, os.W_OK):
            with writing(self.path):
                self._take_lock()
                self._clear_parts()
                self._release()

    def release(self) -> None:
        """Let the folder go and keep what is there; a rerun takes it up."""
        self._release()

    def abandon(self) -> None:
        """Let the folder go; remove what this run made, keep what was there before it.

        What an earlier attempt left is kept, and so is everything in a folder that this run never
        held.
        """
        if self._lock is not None:
            if self._new:
                for name in (*self.names, RUN):
                    (self.path / name).unlink(missing_ok=True)
                self._clear_parts()
            self._release()
        for folder in reversed(self._made):
            with suppress(OSError):  # not empty: somebody else writes there by now
                folder.rmdir()


def _same_file(opened: IO[str], path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(opened.fileno()), there)


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
    """Could a run write here, or is its result already there? Makes nothing.

    Raises:
        OutputConflict: There is a file of this name.
        OutputUnwritable: The folder, or the nearest one above it, does not let us write.
    """
    with writing(folder):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not there.is_dir():
            raise OutputConflict(f"{there} is a file: --out wants a folder")
        allowed = os.access(there, os.W_OK | os.X_OK, effective_ids=True)
        if not (allowed or (folder / MANIFEST).exists()):
            raise OutputUnwritable(f"{there} cannot be written: choose another folder with --out")
