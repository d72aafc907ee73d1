"""Child processes that no test leaves behind, however it ends."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def ended(process: "subprocess.Popen[AnyStr]") -> Iterator["subprocess.Popen[AnyStr]"]:
    """The process for the length of the block; then it is killed, if it still runs.

    `Popen` by itself, as a context manager, waits for ever when a test fails in its block.
    """
    with process:
        try:
            yield process
        finally:
            process.kill()
