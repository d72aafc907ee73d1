"""Memory that torch frees on a CPU stays with the process.

glibc returns large freed blocks to the system at once and gets new ones page by page: every layer
of every tile then pays for millions of page faults. Told to keep them, two tile tasks side by side
segment the sample slide in half the time, with equal labels (docs/decisions/0010).
"""

import ctypes
import platform

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGEST_MMAP_THRESHOLD = 1 << 30
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have glibc keep what is freed, in this process from now on.

    Returns:
        False where the C library is another one; nothing is changed then.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    # Threads otherwise get arenas of at most 64 MiB, and what does not fit there is mapped anew.
    return all(
        libc.mallopt(option, value)
        for option, value in (
            (_M_ARENA_MAX, 1),
            (_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD),
            (_M_TRIM_THRESHOLD, _NEVER),
        )
    )
