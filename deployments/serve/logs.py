"""Logs of the processes: appended to, and moved aside when they have grown."""

import os
import shutil
from pathlib import Path
from typing import IO

FULL_BYTES = 20 * 2**20
"""Size from which a log is moved aside; one such is kept."""

_TAIL_BYTES = 4096
_TAIL_LINES = 3
_TAIL_CHARACTERS = 600


def open_log(path: Path) -> IO[bytes]:
    """A log to append to, for its owner's eyes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    rotate(path)
    log = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
    os.fchmod(log.fileno(), 0o600)
    return log


def rotate(path: Path, full_bytes: int = FULL_BYTES) -> None:
    """Empty a log that is full, keeping what it held as `<name>.1`.

    Its writer keeps the file open for appending, so it is copied and emptied, not renamed.
    """
    if path.is_file() and path.stat().st_size > full_bytes:
        shutil.copy(path, path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)


def tail(path: Path, since: int = 0) -> str:
    """The last words of a log, in one line; empty where there are none.

    Args:
        path: The log.
        since: Byte from which it is of interest, unless it was moved aside meanwhile.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as log:
            log.seek(max(size - _TAIL_BYTES, since if since <= size else 0))
            said = log.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    return " | ".join(lines[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]
