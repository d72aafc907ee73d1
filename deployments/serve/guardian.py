"""The guard of our processes, seen from this side of the pipe; `guard.py` is the other side."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from deployments.serve.errors import ProcessFailed
from deployments.serve.program import Program


class Guard:
    """The process that ends ours when this one is killed."""

    def __init__(self) -> None:
        """Start it; it lives until `close`, or ends with this process."""
        self._known: dict[int, Program] = {}
        self._start()

    def _start(self) -> None:
        script = str(Path(__file__).with_name("guard.py"))
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-I", "-S", script],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            bufsize=0,
        )

    def started(self, pid: int, program: Program) -> None:
        """Tell it of a process."""
        self._known[pid] = program
        self._tell(_entry(pid, program))

    def ended(self, pid: int) -> None:
        """Tell it that a process is no more."""
        self._known.pop(pid, None)
        self._tell(f"-{pid}\n")

    def _tell(self, line: str) -> None:
        try:
            self._pipe.write(line.encode())
        except BrokenPipeError:
            # Somebody ended it: another one takes over, and is told everything.
            self._process.wait()
            self._start()
            self._pipe.write("".join(_entry(*each) for each in self._known.items()).encode())

    @property
    def _pipe(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise ProcessFailed("the guard of the processes was started without a pipe")
        return self._process.stdin

    def close(self) -> None:
        """End it; what it still knows ends, too."""
        with suppress(BrokenPipeError):
            self._pipe.close()
        self._process.wait()


def _entry(pid: int, program: Program) -> str:
    numbers = " ".join(str(int(number)) for number in program.signals)
    return f"+{pid} {program.stage} {program.grace_s:g} {numbers}\n"
