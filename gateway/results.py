"""Results of jobs: the manifest that commits one, and pieces of the files that it lists."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blocks.paths import result_name
from gateway.problems import Problem, not_found
from gateway.ranges import Piece
from gateway.scope import Scope
from slideloom.errors import ResultDamaged
from slideloom.results.folder import MANIFEST
from slideloom.stores import Store

CHUNK_BYTES = 1 << 20
_MANIFEST_BYTES = 1 << 20
"""A manifest lists a dozen files."""
_FILE_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$"


class ListedFile(BaseModel):
    """A file of a result, as its manifest lists it."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=_FILE_NAME)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def etag(self) -> str:
        """Strong: the same tag, the same bytes."""
        return f'"{self.sha256}"'


class Manifest(BaseModel):
    """As much of a manifest as is needed here."""

    files: list[ListedFile] = Field(max_length=1000)

    def file(self, name: str) -> ListedFile:
        """The file of this name.

        Raises:
            Problem: The result has none.
        """
        for listed in self.files:
            if listed.name == name:
                return listed
        raise not_found("file")


@dataclass(frozen=True, slots=True)
class Result:
    """A committed result.

    Attributes:
        job: Id of the job.
        kind: Kind of the job.
        store: The tenant's results.
        at: Its name there.
        manifest: What is in it.
    """

    job: str
    kind: str
    store: Store
    at: str
    manifest: Manifest


class Results:
    """Reads results; few threads at a time.

    Args:
        at_once: How many.
    """

    def __init__(self, at_once: int) -> None:
        """Nothing is read yet."""
        self._room = anyio.CapacityLimiter(at_once)

    async def find(self, scope: Scope, job: UUID) -> Result:
        """The result of a job of the tenant.

        Where it lies is made of the job's place in its workflow, below the tenant's own results:
        no path out of a request or a run is followed.

        Raises:
            Problem: The job is not there, or another's, or it has no result, or none yet.
            ResultDamaged: The manifest is not one.
        """
        run, view = await scope.job_run(job)
        at = result_name(run.workflow, run.branch, run.index)
        store = scope.tenant.result_store
        try:
            content = await self._read(store, f"{at}/{MANIFEST}", 0, _MANIFEST_BYTES)
        except FileNotFoundError as error:
            raise _none(view.ended) from error
        return Result(view.id, view.kind, store, at, _parsed(content))

    async def check(self, result: Result, file: ListedFile) -> None:
        """Look whether the file is there, and as long as it was.

        Raises:
            ResultDamaged: It is not.
        """
        try:
            name = f"{result.at}/{file.name}"
            there = await run_sync(result.store.stat, name, limiter=self._room)
        except (FileNotFoundError, PermissionError) as error:
            raise ResultDamaged(f"{file.name} of job {result.job} is gone") from error
        if there.size != file.bytes:
            raise ResultDamaged(f"{file.name} of job {result.job} has another length")

    async def stream(self, result: Result, file: ListedFile, piece: Piece) -> AsyncIterator[bytes]:
        """The piece, one chunk in memory at a time.

        Raises:
            ResultDamaged: The file ends before; whoever receives it sees that bytes are missing.
        """
        start = piece.start
        while start < piece.stop:
            length = min(CHUNK_BYTES, piece.stop - start)
            chunk = await self._read(result.store, f"{result.at}/{file.name}", start, length)
            if not chunk:
                raise ResultDamaged(f"{file.name} of job {result.job} ends too early")
            yield chunk
            start += len(chunk)

    async def _read(self, store: Store, name: str, offset: int, length: int) -> bytes:
        return await run_sync(partial(store.read_at, name, offset, length), limiter=self._room)


def _none(ended: bool) -> Problem:
    if ended:
        return Problem(404, "no_result", "this job has ended without a result, or it is gone")
    return Problem(404, "not_finished", "this job has no result yet: look again when it has ended")


def _parsed(content: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ResultDamaged("a manifest is not one") from error
