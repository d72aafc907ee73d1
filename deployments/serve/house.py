"""The folder of what the server keeps: one `slideloom serve` at a time, and a note where it is."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.serve.errors import AlreadyServing
from slideloom.errors import OutputUnwritable

NOTE = "serve.json"
"""Says where the server of a folder is, for as long as it runs."""

_LOCK = "serve.lock"
_OWN = ("logs", "prefect", "results", "slides")


def make_house(home: Path) -> Path:
    """The folder, made if missing, absolute.

    What it holds is for its owner only. Root's own may be passed through, since PostgreSQL runs as
    another user and has its files in there.

    Raises:
        OutputUnwritable: It cannot be made or written.
    """
    home = home.expanduser().absolute()
    try:
        if not home.is_dir():
            home.mkdir(parents=True)
            home.chmod(0o700 if os.geteuid() else 0o711)
        for name in _OWN:
            (home / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"{home} cannot hold the server's data ({error}): set SLIDELOOM_HOME to a folder that "
            "can be written"
        ) from error
    return home


@contextmanager
def occupied(home: Path) -> Iterator[None]:
    """Keep every other `slideloom serve` out of the folder; free again however this one ends.

    Raises:
        AlreadyServing: Another one is in there.
    """
    with (home / _LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyServing(
                f"`slideloom serve` (process {lock.read().strip() or 'unknown'}) already runs on "
                f"{home}: use that one, stop it, or set SLIDELOOM_HOME to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        # Left behind by one that was killed.
        (home / NOTE).unlink(missing_ok=True)
        yield


@contextmanager
def announced(home: Path, api_url: str) -> Iterator[None]:
    """Leave a note where the server is; other commands read it."""
    note = home / NOTE
    half = home / f"{NOTE}.half"
    half.write_text(json.dumps({"api_url": api_url, "process": os.getpid()}))
    half.replace(note)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
