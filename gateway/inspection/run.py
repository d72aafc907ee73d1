"""Starts the process that looks at a file, and waits no longer for it than was agreed."""

import asyncio
import math
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

import gateway
from gateway.inspection.facts import Facts, UploadRefused, Verdict

_SAID_BYTES = 1 << 16
_SPARE_S = 2.0
_ROOT = Path(gateway.__file__).parents[1]
_LIMITS_OF = {
    signal.SIGXCPU: "it takes too long to read",
    signal.SIGALRM: "it takes too long to read",
    signal.SIGKILL: "it takes too much time or memory to read",
}
_ODD = "the file cannot be read: {}; check that it is whole, and export it again"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process may use.

    Attributes:
        memory_bytes: Address space.
        cpu_s: Seconds of CPU.
        wall_s: Seconds in all.
        most_whole_px: Pixels of an image that is decoded in one piece.
    """

    memory_bytes: int
    cpu_s: float
    wall_s: float
    most_whole_px: int


async def inspect_file(path: Path, limits: Limits) -> Facts:
    """What an uploaded file is; the file shares its folder with nothing.

    Raises:
        UploadRefused: It is no slide, or hangs, crashes or outgrows its reader.
    """
    return await asyncio.to_thread(_inspect, path, limits)


def _inspect(path: Path, limits: Limits) -> Facts:
    with tempfile.TemporaryFile() as said:
        code = _run(path, limits, said)
        said.seek(0)
        text = said.read(_SAID_BYTES)
    if code != 0:
        raise UploadRefused(_ODD.format(_why(code)))
    try:
        verdict = Verdict.model_validate_json(text)
    except ValidationError as error:
        raise UploadRefused(_ODD.format("its reader gave no sensible answer")) from error
    if verdict.facts is None:
        raise UploadRefused(verdict.refused or _ODD.format("nobody knows why"))
    return verdict.facts


def _run(path: Path, limits: Limits, said: IO[bytes]) -> int:
    """The process's exit code; killed where it does not end."""
    numbers = (
        limits.most_whole_px,
        limits.memory_bytes,
        math.ceil(limits.cpu_s),
        math.ceil(limits.wall_s),
    )
    command = [sys.executable, "-P", "-B", "-m", "gateway.inspection", str(path)]
    try:
        return subprocess.run(
            [*command, *map(str, numbers)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.DEVNULL,
            cwd=path.parent,
            env=_environment(),
            timeout=limits.wall_s + _SPARE_S,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return -signal.SIGALRM


def _environment() -> dict[str, str]:
    """Nothing of ours but where the code is: no address, no key."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**one, "PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8", "PATH": os.defpath}


def _why(code: int) -> str:
    """Of an exit code that is not 0."""
    if code > 0:
        return "its reader gave up"
    try:
        return _LIMITS_OF.get(signal.Signals(-code), "its reader crashed")
    except ValueError:
        return "its reader crashed"
