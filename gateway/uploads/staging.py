"""The folder in which uploads lie until they are accepted: `<root>/<tenant>/<upload>/`.

Each upload has a folder of its own: some readers look for more of a slide beside it.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.problems import Problem, not_found
from gateway.slides.ids import is_uploaded
from slideloom.stores.slide_cache.locks import take

_FILE, _NOTE, _LOCK = "slide", "note.json", "lock"


@dataclass(frozen=True, slots=True)
class Staged:
    """An upload on its way. Everything blocks."""

    tenant: str
    id: str
    folder: Path

    @property
    def file(self) -> Path:
        """What has come so far."""
        return self.folder / _FILE

    @property
    def is_there(self) -> bool:
        """Whether it has begun and not ended."""
        return self.file.is_file()

    @property
    def size(self) -> int:
        """Bytes that have come."""
        try:
            return self.file.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def note(self) -> dict[str, Any] | None:
        """What was noted of it."""
        try:
            return dict(json.loads((self.folder / _NOTE).read_bytes()))
        except (FileNotFoundError, ValueError):
            return None

    def write_note(self, content: dict[str, Any]) -> None:
        """Note something, whole or not at all."""
        made = self.folder / f"{_NOTE}.new"
        made.write_text(json.dumps(content))
        made.replace(self.folder / _NOTE)

    @property
    def reserved(self) -> int:
        """Bytes that it has, or was begun with."""
        declared = (self.note or {}).get("size")
        return max(self.size, declared if isinstance(declared, int) else 0)

    def remove(self) -> None:
        """Leave nothing of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """For oneself alone.

        Raises:
            Problem: Somebody else holds it.
        """
        if not self.is_there:
            raise not_found("upload")
        lock = take(self.folder / _LOCK, alone=True)
        if lock is None:
            raise Problem(
                423, "upload_busy", "this upload is at work: try again", {"Retry-After": "1"}
            )
        with lock:
            if not self.is_there:  # whoever held it has removed it
                raise not_found("upload")
            yield


@dataclass(frozen=True, slots=True)
class Staging:
    """All uploads on their way. Everything blocks.

    Attributes:
        root: The folder; belongs to uploads alone.
    """

    root: Path

    def staged(self, tenant: str, upload: str) -> Staged:
        """An upload of a tenant, whether it is there or not.

        Raises:
            ValueError: This can be no upload's id.
        """
        if not is_uploaded(upload):
            raise ValueError("not the id of an upload")
        return Staged(tenant, upload, self.root / tenant / upload)

    def begin(self, tenant: str, upload: str, declared: int | None) -> Staged:
        """An upload with nothing in it yet."""
        staged = self.staged(tenant, upload)
        staged.folder.mkdir(mode=0o700, parents=True)
        staged.write_note({"size": declared})
        staged.file.touch(mode=0o600)
        return staged

    def of(self, tenant: str) -> list[Staged]:
        """All of a tenant."""
        try:
            names = [path.name for path in (self.root / tenant).iterdir()]
        except FileNotFoundError:
            return []
        return [self.staged(tenant, name) for name in names if is_uploaded(name)]

    def free_bytes(self) -> int:
        """Room on the disk."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(self.root).free

    def sweep(self, keep_s: float) -> int:
        """Remove uploads that nothing was added to for so long; how many."""
        swept, now = 0, time.time()
        tenants = [path.name for path in self.root.glob("*") if path.is_dir()]
        for staged in (each for tenant in tenants for each in self.of(tenant)):
            with contextlib.suppress(FileNotFoundError, Problem):
                if now - staged.folder.stat().st_mtime > keep_s and not _grows(staged, now, keep_s):
                    _remove_idle(staged)
                    swept += 1
        return swept


def _grows(staged: Staged, now: float, keep_s: float) -> bool:
    return staged.is_there and now - staged.file.stat().st_mtime <= keep_s


def _remove_idle(staged: Staged) -> None:
    if not staged.is_there:
        staged.remove()
        return
    with staged.held():
        staged.remove()
