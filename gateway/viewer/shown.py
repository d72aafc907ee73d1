"""From a job's id to the cells that can be shown of it: finished, or so far.

Viewers ask for dozens of tiles a second. So a job's place is looked up once, its result's cells are
read once, and of a running job new parts are looked for every second or so, once for all who watch.
Nothing is kept across tenants.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from gateway.once import Once
from gateway.problems import Problem
from gateway.scope import Scope
from gateway.viewer.desk import Desk
from slideloom.errors import ParametersUnusable, ResultDamaged
from slideloom.stores import Store
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.finished import Finished, NoCells, Shape, find_finished, load_cells
from slideloom.viewer.pyramid import Pyramid
from slideloom.viewer.recent import Recent
from slideloom.viewer.running import Running, follow

KIND = "segment_cells"
_FRESH_S = 1.5
"""So long a running job's cells are taken for what they were."""
_KNOWN_S = 60.0
"""So long a finished job is taken for what it was; results change only by being removed."""
_MOST_KNOWN = 1000
_LITTLE_BYTES = 10_000
"""What a job takes beside its cells, about."""
_UNPACKED = 8
"""A table may be so many times as large as what is kept in memory."""

_Result = TypeVar("_Result")
Job = tuple[str, UUID]
"""A tenant's id, and a job's."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Cells of a job.

    Attributes:
        cells: The cells.
        shape: The slide's; None: the job has not begun.
        version: Equal versions, equal cells; empty: more may come.
    """

    cells: CellSet
    shape: Shape | None
    version: str

    @property
    def provisional(self) -> bool:
        """Whether the job is not finished."""
        return not self.version

    @property
    def known_shape(self) -> Shape:
        """The slide's shape.

        Raises:
            Problem: The job has not begun.
        """
        if self.shape is None:
            told = "the job has not begun to segment: ask again when it runs"
            raise Problem(404, "not_begun", told)
        return self.shape

    @property
    def pyramid(self) -> Pyramid:
        """The slide's levels.

        Raises:
            Problem: The job has not begun.
        """
        return Pyramid(self.known_shape.width_px, self.known_shape.height_px)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found of a job, and when, in seconds of the monotonic clock."""

    at_s: float
    found: Finished | Running | None

    @property
    def is_fresh(self) -> bool:
        keep = _KNOWN_S if isinstance(self.found, Finished) else _FRESH_S
        return time.monotonic() - self.at_s < keep


_UNSEEN = _Seen(float("-inf"), None)


class Gallery:
    """What is shown of jobs, kept while there is room.

    Args:
        most_bytes: What the cells of all jobs may take.
        desk: Where heavy work is done.
    """

    def __init__(self, most_bytes: int, desk: Desk) -> None:
        """Nothing is known yet."""
        self._desk, self._most_bytes = desk, most_bytes
        self._addresses = Recent[Job, str](_MOST_KNOWN)
        self._seen = Recent[Job, _Seen](most_bytes // 2)
        self._cells = Recent[tuple[str, str], CellSet](most_bytes // 2)
        self._looking, self._loading = Once[Job, _Seen](), Once[tuple[str, str], CellSet]()

    @property
    def nbytes(self) -> int:
        """What the cells that are kept take."""
        return self._cells.nbytes + self._seen.nbytes

    async def shown(self, scope: Scope, job: UUID) -> Shown:
        """What can be shown of a job of theirs.

        Raises:
            Problem: It is not there, another's, or of a kind without cells.
            SlideloomError: What was found cannot be used; the message is for the tenant.
        """
        store = await self._place(scope, job)
        key = scope.id, job
        seen = self._seen.get(key) or _UNSEEN
        if not seen.is_fresh:
            seen = await self._looking.get(key, lambda: self._look(key, store))
        if isinstance(seen.found, Finished):
            return await self._of_result(scope.id, store, seen.found)
        if seen.found is None:
            return Shown(CellSet(()), None, "")
        return Shown(seen.found.cells, seen.found.shape, "")

    async def _place(self, scope: Scope, job: UUID) -> Store:
        """Where the job's result goes; the address is looked up once, the key to it may change."""
        at = self._addresses.get((scope.id, job))
        if at is None:
            view = await scope.job(job)
            if view.kind != KIND:
                raise _no_cells()
            at = view.folder
            self._addresses.put((scope.id, job), at, 1)
        try:
            return scope.tenant.result_place(at)
        except ParametersUnusable as error:
            told = "this result was written to another place than yours are now"
            raise Problem(404, "result_elsewhere", told) from error

    async def _told(self, tenant: str, work: Callable[[], _Result]) -> _Result:
        """Do something with a store; what it meets is said for tenants."""
        try:
            return await self._desk.do(tenant, work)
        except NoCells as error:
            raise _no_cells() from error
        except ResultDamaged as error:
            raise Problem(409, "result_damaged", str(error)) from error
        except FileNotFoundError as error:
            told = "the result has been removed meanwhile: submit the workflow again"
            raise Problem(404, "result_gone", told) from error
        except PermissionError as error:
            told = "the place of your results does not let us read: ask the operator"
            raise Problem(409, "result_unreadable", told) from error

    async def _look(self, key: Job, store: Store) -> _Seen:
        before = (self._seen.get(key) or _UNSEEN).found
        running = before if isinstance(before, Running) else None

        def look() -> Finished | Running | None:
            found = find_finished(store) or follow(store, running, self._most_bytes)
            if isinstance(found, Running):
                len(found.cells)  # put together here, not where others wait
            return found or find_finished(store)  # it may have ended between the two looks

        seen = _Seen(time.monotonic(), await self._told(key[0], look))
        nbytes = seen.found.cells.nbytes if isinstance(seen.found, Running) else 0
        self._seen.put(key, seen, nbytes + _LITTLE_BYTES)
        return seen

    async def _of_result(self, tenant: str, store: Store, found: Finished) -> Shown:
        key = tenant, found.digest
        cells = self._cells.get(key)
        if cells is None:
            cells = await self._loading.get(key, lambda: self._load(key, store))
        return Shown(cells, found.shape, found.digest)

    async def _load(self, key: tuple[str, str], store: Store) -> CellSet:
        most_bytes = _UNPACKED * self._most_bytes
        cells = await self._told(key[0], lambda: load_cells(store, most_bytes))
        self._cells.put(key, cells, cells.nbytes)
        return cells


def _no_cells() -> Problem:
    return Problem(404, "no_cells", "this job finds no cells: only jobs of kind segment_cells do")
