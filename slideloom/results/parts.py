"""Parts: the cells that one tile task reported, one file each, found again by a rerun."""

from pathlib import Path

import pyarrow as pa

from slideloom.cells.table import Cells
from slideloom.results.folder import PARTS, ResultFolder


def part_name(key: str) -> str:
    """File name of the part with this key, relative to the result folder."""
    return f"{PARTS}/{key}.arrow"


def write_part(folder: ResultFolder, key: str, cells: Cells) -> None:
    """Store the cells of a tile task; whole or not at all."""
    batch = cells.to_arrow()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        folder.replacing(part_name(key)) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, batch.schema, options=options) as writer,
    ):
        writer.write_batch(batch)


def read_part(folder: Path, key: str) -> Cells:
    """The cells of a stored part.

    Raises:
        FileNotFoundError: There is no such part.
        pyarrow.ArrowInvalid: The file is damaged.
    """
    path = str(folder / part_name(key))
    with pa.OSFile(path, "rb") as source, pa.ipc.open_file(source) as reader:
        return Cells.from_arrow(reader.get_batch(0))


def has_part(folder: Path, key: str) -> bool:
    """Is the part there, and readable?"""
    try:
        read_part(folder, key)
    except (FileNotFoundError, pa.ArrowInvalid):
        return False
    return True
