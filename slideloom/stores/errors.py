"""What goes wrong with stores, beside FileNotFoundError and PermissionError."""

import errno

from slideloom.errors import SlideloomError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StoreFailed(SlideloomError):
    """A store did not do what it was asked; the message names the thing and what to do."""


class StoreChanged(StoreFailed):
    """What is there now is not of the version that was asked for."""


class DiskFull(StoreFailed):
    """No room is left on a disk of this machine."""


def failed(what: object, error: BaseException, advice: str) -> StoreFailed:
    """The error of ours for one of the system's."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return DiskFull(f"{what}: no room left on the disk; free some, or use another folder")
    return StoreFailed(f"{what}: {error or type(error).__name__}; {advice}")
