"""Files of results as they are streamed: in small chunks, and never short without a sign."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import results
from gateway.ranges import Piece
from gateway.results import ListedFile, Manifest, Result, Results
from slideloom.errors import ResultDamaged
from slideloom.stores import Store, parse_root

CHUNK, SIZE = 10, 64
CONTENT = bytes(range(SIZE))


def streamed(folder: Path, size: int, piece: Piece) -> list[bytes]:
    """The chunks of a file that is said to have `size` bytes."""
    (folder / "wf").mkdir(exist_ok=True)
    (folder / "wf" / "file").write_bytes(CONTENT)
    file = ListedFile(name="file", bytes=size, sha256="0" * 64)
    found = Result("job", "kind", Store(parse_root(str(folder))), "wf", Manifest(files=[file]))

    async def read() -> list[bytes]:
        return [chunk async for chunk in Results(1).stream(found, file, piece)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "CHUNK_BYTES", CHUNK)
        return asyncio.run(read())


@settings(deadline=None, max_examples=50)
@given(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(sorted))
def test_one_chunk_at_a_time(tmp_path_factory: pytest.TempPathFactory, ends: list[int]) -> None:
    start, stop = ends
    chunks = streamed(tmp_path_factory.mktemp("store"), SIZE, Piece(start, stop))
    assert b"".join(chunks) == CONTENT[start:stop]
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


def test_a_file_that_ends_too_early_is_not_taken_for_whole(tmp_path: Path) -> None:
    with pytest.raises(ResultDamaged, match="too early"):
        streamed(tmp_path, SIZE + 1, Piece(0, SIZE + 1))
