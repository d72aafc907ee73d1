"""The cells of a finished result, from its place in a store."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slideloom.errors import BadInput, ResultDamaged
from slideloom.results.folder import MANIFEST
from slideloom.segmentation.aggregate import SUMMARY
from slideloom.segmentation.merging import PARQUET
from slideloom.stores import Store
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.piece import COLUMNS, piece_of

_PIECE = 16_384
"""Cells of a piece: what unpacking takes beside them stays small."""


class ResultTooLarge(BadInput):
    """There are more cells than can be shown."""


class NoCells(BadInput):
    """The result is one that holds no cells."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a slide a viewer has to know.

    Attributes:
        width_px: Width, level-0 pixels.
        height_px: Height, level-0 pixels.
        mpp: µm per level-0 pixel, both axes considered.
    """

    width_px: int
    height_px: int
    mpp: float

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Shape":
        """From a slide's facts, as plans and summaries tell them.

        Raises:
            ResultDamaged: They are not what we write.
        """
        try:
            mpp = (float(facts["mpp_x"]) * float(facts["mpp_y"])) ** 0.5
            shape = cls(int(facts["width_px"]), int(facts["height_px"]), mpp)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ResultDamaged("the slide's size cannot be read: run the job again") from error
        if not (0 < shape.width_px < 2**31 and 0 < shape.height_px < 2**31 and 0 < mpp < 1e6):
            raise ResultDamaged("the slide's size makes no sense: run the job again")
        return shape


@dataclass(frozen=True, slots=True)
class Finished:
    """A result that is committed.

    Attributes:
        shape: The slide's.
        digest: SHA-256 of `cells.parquet`, hex: equal digests, equal cells.
    """

    shape: Shape
    digest: str


def find_finished(store: Store) -> Finished | None:
    """The result in a job's place; None: there is none yet.

    Raises:
        NoCells: It has no `cells.parquet`.
        ResultDamaged: Its manifest or summary is not what we write.
        StoreFailed: The store does not answer.
    """
    try:
        manifest = store.get(MANIFEST)
    except FileNotFoundError:
        return None
    try:
        files = {entry["name"]: entry["sha256"] for entry in json.loads(manifest)["files"]}
        if PARQUET not in files:
            raise NoCells("this job's result holds no cells: look at its files instead")
        shape = Shape.of(json.loads(store.get(SUMMARY))["slide"])
        return Finished(shape, _checked_digest(files[PARQUET]))
    except (ValueError, KeyError, TypeError, RecursionError, FileNotFoundError) as error:
        raise ResultDamaged("the result cannot be read: run the job again") from error


def _checked_digest(stated: str) -> str:
    """A SHA-256 as 64 hex digits; a ValueError where it is none."""
    digest = bytes.fromhex(stated)
    if len(digest) != hashlib.sha256().digest_size:
        raise ValueError(stated)
    return digest.hex()


def load_cells(store: Store, most_bytes: int) -> CellSet:
    """The cells of a finished result; memory holds them and one batch of rows.

    Args:
        store: The job's place.
        most_bytes: So large a table, unpacked, is read at most.

    Raises:
        FileNotFoundError: The file has been removed.
        ResultDamaged: It is not what we write.
        ResultTooLarge: It is larger.
        StoreFailed: The store does not answer.
    """
    if store.is_local:
        return read_cells(store.local_path(PARQUET), most_bytes)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / PARQUET
        store.fetch(PARQUET, path)
        return read_cells(path, most_bytes)


def read_cells(path: Path, most_bytes: int) -> CellSet:
    """The cells of a `cells.parquet`; see `load_cells`."""
    try:
        with pq.ParquetFile(path) as stored:
            _check_size(stored.metadata, most_bytes)
            batches = stored.iter_batches(_PIECE, columns=COLUMNS, use_threads=False)
            return CellSet(tuple(piece_of(batch) for batch in batches))
    except (pa.ArrowException, KeyError) as error:
        raise ResultDamaged("the cells cannot be read: run the job again") from error


def _check_size(about: pq.FileMetaData, most_bytes: int) -> None:
    unpacked = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if unpacked > most_bytes:
        raise ResultTooLarge(
            f"{about.num_rows:,} cells are more than can be shown here: download cells.parquet, or "
            "ask the operator for a larger SLIDELOOM_GATEWAY_VIEWER_BYTES"
        )
