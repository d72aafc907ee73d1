"""Small children for a supervisor, each a real process that tells what it does in a file."""

import os
import sys
from pathlib import Path
from typing import Any

from deployments.serve.program import Program

ROOT = Path(__file__).parents[2]

TELL = """
import os, signal, sys, time
from deployments.notify import ready
def tell(what):
    with open(os.environ["TOLD"], "a") as told:
        told.write(f"{os.environ['NAME']} {what} {os.getpid()}\\n")
def leave(number, frame):
    tell(signal.Signals(number).name)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGUSR1, leave)
tell("started")
"""
STEADY = TELL + "ready()\nwhile True: signal.pause()"
NEVER_READY = TELL + "while True: signal.pause()"
DIES = (
    TELL
    + """
ready()
while not os.path.exists(os.environ["TOLD"] + ".all-die"):
    time.sleep(0.01)
print("no such thing as luck")
sys.exit(3)
"""
)
STARTS_ONCE = (
    TELL
    + """
if open(os.environ["TOLD"]).read().count(os.environ["NAME"] + " started") > 1:
    print("no such thing as luck")
    sys.exit(3)
ready()
while True: signal.pause()
"""
)
WAITS_FOR_TWO = """
while open(os.environ["TOLD"]).read().count("prey started") < 2: time.sleep(0.01)
"""
DIES_AT_ONCE = TELL + "print('no such thing as luck'); sys.exit(3)"
STUBBORN = (
    TELL + "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready()\nwhile True: signal.pause()"
)
WITH_CHILD = (
    TELL
    + """
import subprocess
child = subprocess.Popen(["sleep", "1000"])
tell(f"child {child.pid}")
ready()
while True: signal.pause()
"""
)


class Crew:
    """Programs of one folder, and what they have told.

    Args:
        folder: Where they tell it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told = folder / "told"

    def program(self, name: str, code: str = STEADY, stage: int = 0, **more: Any) -> Program:
        tells = {"TOLD": str(self._told), "NAME": name, "PYTHONPATH": str(ROOT)}
        given = {"ready_within_s": 60, "grace_s": 20} | more
        return Program(
            name=name,
            command=[sys.executable, "-c", code],
            environment={"PATH": os.defpath, **tells},
            log=self.folder / f"{name}.log",
            stage=stage,
            **given,
        )

    def let_die(self) -> None:
        """Let those die that are made to."""
        (self.folder / "told.all-die").touch()

    @property
    def told(self) -> list[str]:
        """What they have told, without their numbers, the oldest first."""
        return [line.rpartition(" ")[0] for line in self._lines()]

    def pids(self, what: str) -> list[int]:
        """Numbers of those who told this."""
        return [int(line.split()[-1]) for line in self._lines() if line.startswith(f"{what} ")]

    def _lines(self) -> list[str]:
        return self._told.read_text().splitlines() if self._told.exists() else []


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has asked about yet does not."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
