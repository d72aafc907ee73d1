"""Parts: the cells that one tile task reported, one file each, found again by a rerun.

A part is its cells as an Arrow file, behind the SHA-256 of those bytes: what is read is what was
written, or it counts as missing and is computed again.
"""

import hashlib
from pathlib import Path

import pyarrow as pa

from slideloom.cells.table import Cells
from slideloom.errors import ResultDamaged
from slideloom.results.folder import PARTS, ResultFolder

_DIGEST_BYTES = hashlib.sha256().digest_size


def part_name(key: str) -> str:
    """File name of the part with this key, relative to the result folder."""
    return f"{PARTS}/{key}.part"


def write_part(folder: ResultFolder, key: str, cells: Cells) -> None:
    """Store the cells of a tile task; whole or not at all."""
    batch = cells.to_arrow()
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
    content = _checked(folder / part_name(key))
    with pa.ipc.open_file(pa.BufferReader(content)) as reader:
        return Cells.from_arrow(reader.get_batch(0))


def has_part(folder: Path, key: str) -> bool:
    """Is the part there, and what was written?"""
    try:
        _checked(folder / part_name(key))
    except (FileNotFoundError, ResultDamaged):
        return False
    return True


def _checked(path: Path) -> bytes:
    """The Arrow bytes of a part."""
    stored = path.read_bytes()
    digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise ResultDamaged(f"{path} is not what was written: run the job again")
    return content
