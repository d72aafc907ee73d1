"""The cells that a job has found so far, from its finished parts; what follows may change them.

Only cells that their tile owns are shown, with the tissue considered: all but those that the merge
will take from a neighbour of their owner, and few that it will not keep.
"""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from slideloom.cells.merge import Merged
from slideloom.errors import ResultDamaged
from slideloom.results.final import finish, on_tissue_only
from slideloom.results.folder import PARTS
from slideloom.results.parts import decode_part, part_name
from slideloom.segmentation.plan import Plan
from slideloom.segmentation.stored import PLAN, TISSUE, decode_tissue
from slideloom.stores import Entry, Store
from slideloom.tissue import TissueMask
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.finished import ResultTooLarge, Shape
from slideloom.viewer.piece import Piece, piece_of

_AT_ONCE = 4
"""Parts on their way at the same time."""


@dataclass(frozen=True)
class Running:
    """A job that has a plan.

    Attributes:
        plan: The plan.
        tissue: Where cells count.
        version: The plan file's version in the store.
        pieces: The owned cells of each part that was read, by its name; None: it is damaged, and
            its tile task will run again.
    """

    plan: Plan
    tissue: TissueMask
    version: str
    pieces: dict[str, Piece | None] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """The slide's."""
        return Shape.of(self.plan.slide.model_dump())

    @cached_property
    def cells(self) -> CellSet:
        """All cells so far, in the order of the tile tasks."""
        found = list[Piece]()
        for names in _names(self.plan):
            # Of a task that has both, the part that leaves tiles out is superseded.
            held = (self.pieces.get(name) for name in names)
            found += [piece for piece in held if piece is not None][:1]
        return CellSet(tuple(found))


def follow(store: Store, before: Running | None, most_bytes: int) -> Running | None:
    """What there is by now; parts that were read before are not read again.

    Args:
        store: The job's place.
        before: What there was.
        most_bytes: So many bytes of parts are read at most.

    Returns:
        None while there is no plan: the job has not begun, or has just ended.

    Raises:
        ResultDamaged: The plan or the tissue is not what we write.
        ResultTooLarge: The parts are larger.
        StoreFailed: The store does not answer.
    """
    there = {entry.name: entry for entry in store.list(PARTS)}
    if PLAN not in there or TISSUE not in there:
        return None
    if sum(entry.size for entry in there.values()) > most_bytes:
        raise ResultTooLarge("the cells so far are more than can be shown: wait for the result")
    try:
        running = _begun(store, there[PLAN], before)
    except FileNotFoundError:
        return None  # it has just ended
    names = {name for names in _names(running.plan) for name in names} & set(there)
    read = _read(store, running, names - set(running.pieces))
    return Running(running.plan, running.tissue, running.version, {**running.pieces, **read})


def _begun(store: Store, plan: Entry, before: Running | None) -> Running:
    if before is not None and before.version == plan.version:
        return before
    try:
        stated = Plan.model_validate_json(store.get(PLAN))
        return Running(stated, decode_tissue(io.BytesIO(store.get(TISSUE))), plan.version)
    except (ValueError, KeyError, EOFError) as error:
        raise ResultDamaged("the job's plan cannot be read: run the job again") from error


def _names(plan: Plan) -> Iterator[list[str]]:
    """What the parts of each tile task may be called, the better first."""
    for task in range(len(plan.tasks)):
        yield [part_name(key) for key in plan.part_keys(task, gaps=True)]


def _read(store: Store, running: Running, names: set[str]) -> dict[str, Piece | None]:
    """The new parts; those that have gone meanwhile are left out."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda name: (name, _piece(store, running, name)), sorted(names))
        return {name: piece for name, (there, piece) in found if there}


def _piece(store: Store, running: Running, name: str) -> tuple[bool, Piece | None]:
    try:
        return True, owned_piece(store.get(name), running.plan, running.tissue)
    except FileNotFoundError:
        return False, None
    except (ResultDamaged, pa.ArrowException):
        return True, None


def owned_piece(part: bytes, plan: Plan, tissue: TissueMask) -> Piece:
    """The cells of a stored part that their tile owns and that lie on tissue.

    Raises:
        ResultDamaged: It is not what was written.
    """
    cells = decode_part(part, "a part")
    owned = cells.take(np.flatnonzero(cells.owned))
    merged = Merged(owned, clipped=owned.cut, rescued=np.zeros(len(owned), bool))
    kept = on_tissue_only(merged, tissue.covers(*plan.frame.centroids(owned)))
    return piece_of(finish(kept, plan.frame).table)
