"""A file is looked at in a process of its own, which hostile files may break, and nothing else."""

import asyncio
import os
import threading
import zlib
from pathlib import Path

import pytest

from gateway.inspection import Limits, UploadRefused, inspect_file
from tests.gateway.files import tiled_tiff
from tests.helpers.files import drawn_slide
from tests.helpers.waiting import wait_until

LIMITS = Limits(memory_bytes=2_000_000_000, cpu_s=30, wall_s=60, most_whole_px=100_000_000)


def _look(path: Path, limits: Limits = LIMITS) -> object:
    return asyncio.run(inspect_file(path, limits))


def _png_bomb(path: Path, side: int) -> Path:
    """A black-and-white PNG of few bytes that is many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return len(content).to_bytes(4, "big") + kind + content + check.to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def test_what_a_slide_is(tmp_path: Path) -> None:
    path = tmp_path / "slide"
    path.write_bytes(tiled_tiff())
    facts = _look(path)
    assert facts == facts.__class__(
        format="generic-tiff", ending="tif", width_px=700, height_px=500, mpp=0.5, levels=2
    )


def test_a_plain_image_without_a_pixel_size_is_a_slide(tmp_path: Path) -> None:
    facts = _look(drawn_slide(tmp_path / "slide", 300, 200))
    assert facts == facts.__class__(
        format="image", ending="png", width_px=300, height_px=200, mpp=None, levels=1
    )


@pytest.mark.parametrize(
    ("side", "limits", "why"),
    [
        (21_000, LIMITS, "megapixels"),
        (11_000, LIMITS, "megapixels"),
        (20_000, Limits(1_000_000_000, 30, 60, 400_000_000), "memory"),
    ],
)
def test_a_bomb_is_refused_by_its_pixels_or_the_memory_it_takes(
    tmp_path: Path, side: int, limits: Limits, why: str
) -> None:
    with pytest.raises(UploadRefused, match=why):
        _look(_png_bomb(tmp_path / "slide", side), limits)


def test_what_hangs_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slide")
    with pytest.raises(UploadRefused, match="too long"):
        _look(tmp_path / "slide", Limits(2_000_000_000, 30, 1, 1))


def test_a_reader_that_cannot_even_start_refuses(tmp_path: Path) -> None:
    path = tmp_path / "slide"
    path.write_bytes(tiled_tiff())
    with pytest.raises(UploadRefused, match="cannot be read"):
        _look(path, Limits(120_000_000, 30, 60, 1))


def test_the_process_has_limits_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-seen")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "not-to-be-seen")
    os.mkfifo(tmp_path / "slide")
    refused: list[str] = []

    def look() -> None:
        try:
            _look(tmp_path / "slide", Limits(2_000_000_000, 30, 60, 1))
        except UploadRefused as error:
            refused.append(str(error))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        wait_until(lambda: any(_is_limited(child) for child in _children()))
        (child,) = [each for each in _children() if _is_limited(each)]
        environment = (child / "environ").read_bytes()
    finally:
        # The file ends without a byte: so the look ends, too.
        (tmp_path / "slide").write_bytes(b"")
        thread.join()
    assert b"not-to-be-seen" not in environment
    assert refused


def _children() -> list[Path]:
    lists = Path("/proc/self/task").glob("*/children")
    return [Path("/proc") / pid for path in lists for pid in path.read_text().split()]


def _is_limited(process: Path) -> bool:
    try:
        rows = (process / "limits").read_text().splitlines()
        command = (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    limited = any(row.startswith("Max address space") and "2000000000" in row for row in rows)
    return limited and b"gateway.inspection" in command
