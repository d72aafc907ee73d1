"""Parts: the cells that one tile task reported, one file each, found again by a rerun.

A part is its cells as an Arrow file, behind the SHA-256 of those bytes: what is read is what was
written, or it counts as missing and is computed again. Tiles that are missing from it are told in
the Arrow file's metadata.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from slideloom.cells.table import Cells
from slideloom.errors import ResultDamaged
from slideloom.results.folder import PARTS, ResultFolder

_GAPS = b"gaps"
_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A tile that was left out.

    Attributes:
        row: Row in the grid, from the top.
        column: Column in the grid, from the left.
        reason: Why it could not be segmented.
    """

    row: int
    column: int
    reason: str

    def as_dict(self) -> dict[str, int | str]:
        """For JSON."""
        return asdict(self)


def part_name(key: str) -> str:
    """File name of the part with this key, relative to the result folder."""
    return f"{PARTS}/{key}.part"


def write_part(folder: ResultFolder, key: str, cells: Cells, gaps: Sequence[Gap] = ()) -> None:
    """Store the cells of a tile task, and which of its tiles are missing; whole or not at all."""
    batch = cells.to_arrow()
    if gaps:
        told = json.dumps([gap.as_dict() for gap in gaps])
        batch = batch.replace_schema_metadata({_GAPS: told})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    content = sink.getvalue().to_pybytes()
    folder.write(part_name(key), hashlib.sha256(content).digest() + content)


def read_part(folder: Path, key: str) -> Cells:
    """The cells of a stored part.

    Raises:
        FileNotFoundError: There is no such part.
        ResultDamaged: The file is not what was written.
    """
    path = folder / part_name(key)
    return decode_part(path.read_bytes(), str(path))


def decode_part(stored: bytes, told: str) -> Cells:
    """The cells of a part's bytes.

    Args:
        stored: All bytes of the file.
        told: Which part it is, for the message.

    Raises:
        ResultDamaged: They are not what was written.
    """
    with pa.ipc.open_file(pa.BufferReader(_content(stored, told))) as reader:
        return Cells.from_arrow(reader.get_batch(0))


def read_gaps(folder: Path, key: str) -> list[Gap]:
    """The tiles that are missing from a stored part.

    Raises:
        FileNotFoundError: There is no such part.
        ResultDamaged: The file is not what was written.
    """
    with pa.ipc.open_file(pa.BufferReader(_checked(folder / part_name(key)))) as reader:
        told = (reader.schema.metadata or {}).get(_GAPS, b"[]")
    return [Gap(**gap) for gap in json.loads(told)]


def has_part(folder: Path, key: str) -> bool:
    """Is the part there, and what was written?"""
    try:
        _checked(folder / part_name(key))
    except (FileNotFoundError, ResultDamaged):
        return False
    return True


def _checked(path: Path) -> bytes:
    """The Arrow bytes of a part."""
    return _content(path.read_bytes(), str(path))


def _content(stored: bytes, told: str) -> bytes:
    digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise ResultDamaged(f"{told} is not what was written: run the job again")
    return content
