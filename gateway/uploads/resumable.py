"""The storage behind the library that speaks tus: the tenant's staging folder, and no other.

Who asks is in a context variable that the route's guard sets once the caller is known; without it
every call fails. The library's own storages keep a whole request in memory, or sleep on the event
loop while they wait for a lock (docs/decisions/0018-uploads.md).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

from fastapi import HTTPException
from tuspyserver.storage import TusStorage

from gateway.problems import Problem
from gateway.scope import Scope
from gateway.slides import Slide
from gateway.slides.cards import clean_label
from gateway.uploads.desk import Desk, Told
from gateway.uploads.staging import Staged
from gateway.uploads.writing import Writer

_KIND = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request about one upload.

    Attributes:
        desk: Where uploads begin and end.
        scope: The tenant's.
        upload: Id of the upload that it is about, or that it begins.
    """

    desk: Desk
    scope: Scope
    upload: str

    @property
    def staged(self) -> Staged:
        """The upload, whether it is there or not."""
        return self.desk.staging.staged(self.scope.id, self.upload)


visit: ContextVar[Visit] = ContextVar("visit")
"""Set by the guard of the routes."""


class LibraryProblem(Problem, HTTPException):  # type: ignore[misc]
    """A problem that the library lets pass: what it does not know it takes for a broken disk."""

    def __init__(self, problem: Problem) -> None:
        """The same problem."""
        HTTPException.__init__(self, problem.status, problem.detail, problem.headers)
        self.status, self.code, self.detail = problem.status, problem.code, problem.detail
        self.headers = problem.headers


class StagedStorage(TusStorage):
    """Uploads of the tenant who asks, written as they come."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._writers: dict[tuple[str, str], Writer] = {}

    async def create(self, uid: str) -> None:
        """The desk has begun it already."""
        if not await self.exists(uid):
            raise RuntimeError(f"upload {uid} was not begun")

    async def exists(self, uid: str) -> bool:
        """Whether it has begun and not ended."""
        return await asyncio.to_thread(lambda: _staged(uid).is_there)

    async def size(self, uid: str) -> int:
        """Bytes that are in its file."""
        return await asyncio.to_thread(lambda: _staged(uid).size)

    async def append(self, uid: str, chunk: bytes) -> None:
        """See `Writer.add`; inside `lock` only."""
        await _passing(self._writers[_staged(uid).tenant, uid].add(chunk))

    async def flush(self, uid: str) -> None:
        """See `Writer.flush`; inside `lock` only."""
        await _passing(self._writers[_staged(uid).tenant, uid].flush())

    async def finalize(self, uid: str) -> None:
        """Nothing is left to do."""

    async def read(self, uid: str) -> NoReturn:
        """Nobody reads an upload whole into memory."""
        raise NotImplementedError(f"upload {uid} is not read whole")

    async def delete(self, uid: str) -> None:
        """Leave nothing of it."""
        await asyncio.to_thread(_delete, _staged(uid))

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        """What the library has noted; the offset is what the file really has.

        So it is right also when this process was killed while something came, or where the
        library gave up before it noted it.
        """
        return await asyncio.to_thread(_read_info, _staged(uid))

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Note it, with the two names that the library wants to see again."""
        given = data.get("metadata") or {}
        label = clean_label(str(given.get("filename") or given.get("name") or ""))
        kept = {key: str(given[key]) for key in ("sha256", "mpp") if key in given}
        data = {**data, "metadata": {**kept, "filename": label, "filetype": _KIND}}
        await asyncio.to_thread(_staged(uid).write_note, data)

    async def list_uids(self) -> list[str]:
        """Nobody lists uploads; the desk sweeps them."""
        raise NotImplementedError("uploads are not listed")

    def location(self, uid: str) -> str:
        """Its id: the place is nobody's business."""
        return uid

    @asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]
        """For one request alone; another one is refused at once."""
        staged = _staged(uid)
        with staged.held():
            declared = (await asyncio.to_thread(lambda: staged.note) or {}).get("size") or 0
            with Writer(staged, declared) as writer:
                self._writers[staged.tenant, uid] = writer
                try:
                    yield
                finally:
                    del self._writers[staged.tenant, uid]


async def begin(metadata: dict[str, str], info: dict[str, Any]) -> None:
    """The library is about to create an upload.

    Raises:
        Problem: It may not.
        UploadRefused: It could never be accepted.
    """
    now = visit.get()
    await now.desk.begin(now.scope, now.upload, told(metadata), info["size"])


async def complete(uid: str, metadata: dict[str, str]) -> Slide:
    """All bytes have come.

    Raises:
        UploadRefused: It is no slide.
        Problem: It is not what was announced, there is no room, or it is at work.
        StoreFailed: The store does not answer; the last request may be sent again.
    """
    now = visit.get()
    return await now.desk.accept(now.scope, _staged(uid), told(metadata))


def told(metadata: dict[str, str]) -> Told:
    """What a tenant says of an upload in its metadata: `filename`, `sha256`, `mpp`.

    Raises:
        Problem: It makes no sense.
    """
    label = metadata.get("filename") or metadata.get("name") or ""
    try:
        mpp = float(metadata["mpp"]) if metadata.get("mpp") else None
    except ValueError as error:
        raise Problem(422, "metadata_unusable", "mpp must be a number") from error
    return Told.checked(label, metadata.get("sha256") or None, mpp)


def _staged(uid: str) -> Staged:
    """The upload of the tenant who asks.

    Raises:
        LookupError: Nobody has said who asks.
    """
    now = visit.get()
    if uid != now.upload:
        raise LookupError("this request is about another upload")
    return now.staged


async def _passing(act: Any) -> None:
    try:
        await act
    except Problem as problem:
        raise LibraryProblem(problem) from problem


def _delete(staged: Staged) -> None:
    with staged.held():
        staged.remove()


def _read_info(staged: Staged) -> dict[str, Any] | None:
    note = staged.note
    # What the desk has noted at the beginning is not yet what the library wants to read.
    return {**note, "offset": staged.size} if note and "metadata" in note else None
