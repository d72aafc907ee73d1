"""What the system says when a folder cannot be written, in words that help."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slideloom.errors import OutputUnwritable

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_PLACE = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP, errno.EINVAL}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the system's refusals to write below `folder` into `OutputUnwritable`."""
    try:
        yield
    except OSError as error:
        refusal = _refusal(folder, error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(folder: Path, error: OSError) -> OutputUnwritable | None:
    if error.errno in _NO_ROOM:
        return OutputUnwritable(
            f"no room left on the disk of {folder}: free some, or choose another folder with --out"
        )
    if error.errno in _NOT_ALLOWED | _NO_PLACE:
        return OutputUnwritable(
            f"{folder} cannot be written ({error.strerror}): choose another folder with --out"
        )
    return None
