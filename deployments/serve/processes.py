"""A child process: started, waited for until it is ready, stopped by one signal after the other."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress

from deployments.serve.account import launched
from deployments.serve.doorbell import Doorbell
from deployments.serve.errors import ProcessFailed
from deployments.serve.guardian import Guard
from deployments.serve.logs import open_log, tail
from deployments.serve.program import Program

LOOK_S = 0.05
"""Pause between two looks at what a process does."""

HURRY_S = 1.0
"""Grace for each signal when it is cut short."""

Nothing = Callable[[], None]


class Process:
    """A program that runs.

    Args:
        program: What it is.
        guard: Ends it when this process is killed.
    """

    def __init__(self, program: Program, guard: Guard) -> None:
        """Start it."""
        self.program, self._guard = program, guard
        program.prepare()
        self.since = time.monotonic()
        self._bell = Doorbell() if program.ready is None else None
        bell = {"NOTIFY_SOCKET": self._bell.address} if self._bell else {}
        with open_log(program.log) if program.log else nullcontext() as log:
            self._logged = log.seek(0, os.SEEK_END) if log else 0
            self._child = subprocess.Popen(
                launched(program.command, program.account, program.folder),
                env={**program.environment, **bell},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard.started(self.pid, program)
        self._told_of_end = False
        self._was_ready = False

    @property
    def pid(self) -> int:
        """Its number, and that of its process group."""
        return self._child.pid

    @property
    def code(self) -> int | None:
        """How it ended; none: it runs."""
        code = self._child.poll()
        if code is not None and not self._told_of_end:
            self._told_of_end = True
            # What it may have started and left behind.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._guard.ended(self.pid)
            if self._bell:
                # What it said in its last moment counts.
                self._was_ready = self._was_ready or self._bell.rung()
                self._bell.close()
        return code

    @property
    def is_ready(self) -> bool:
        """Whether it can be used; once ready, always ready."""
        if not self._was_ready and not self._told_of_end:
            asked = self.program.ready
            self._was_ready = asked(self.pid) if asked else bool(self._bell and self._bell.rung())
            if self._was_ready and self._bell:
                self._bell.close()
        return self._was_ready

    def check(self) -> bool:
        """Whether it is ready.

        Raises:
            ProcessFailed: It has ended, or has taken too long; the message names its log.
        """
        if self.code is not None:
            raise ProcessFailed(f"{self._name} ended ({self.how}){self._told}")
        if not self.is_ready and time.monotonic() - self.since > self.program.ready_within_s:
            within = self.program.ready_within_s
            raise ProcessFailed(f"{self._name} was not ready within {within:g} s{self._told}")
        return self.is_ready

    def wait_ready(self, meanwhile: Nothing = lambda: None) -> None:
        """Wait until it is ready.

        Args:
            meanwhile: Called between two looks; what it raises ends the waiting.

        Raises:
            ProcessFailed: It has ended, or takes too long.
        """
        while not self.check():
            meanwhile()
            time.sleep(LOOK_S)

    @property
    def how(self) -> str:
        """How it ended, in words."""
        code = self._child.returncode
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    @property
    def _name(self) -> str:
        return f"{self.program.name} (process {self.pid})"

    @property
    def _told(self) -> str:
        """Where to read more, and the last of it."""
        if self.program.log is None:
            return ""
        last = tail(self.program.log, self._logged)
        return f"; its log is {self.program.log}" + (f", which ends: {last}" if last else "")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; SIGKILL to its whole group."""
        if self.code is None:
            with suppress(ProcessLookupError):
                kill = os.killpg if number == signal.SIGKILL else os.kill
                kill(self.pid, number)

    def kill(self) -> None:
        """End it on the spot."""
        self.send(signal.SIGKILL)
        self._child.wait()
        _ = self.code

    def stop(self) -> None:
        """End it as it likes best, on the spot in the end."""
        stop_all([self])


def stop_all(processes: list[Process], hurry: Callable[[], bool] = lambda: False) -> None:
    """End processes side by side.

    Args:
        processes: Which ones.
        hurry: Whether their grace is cut short.
    """
    longest = max((len(each.program.signals) for each in processes), default=0)
    for turn in range(longest):
        now = time.monotonic()
        asked = [each for each in processes if each.code is None]
        for each in asked:
            each.send(each.program.signals[min(turn, len(each.program.signals) - 1)])
        while any(each.code is None for each in asked):
            longest_s = max(each.program.grace_s for each in asked)
            if time.monotonic() - now > (min(longest_s, HURRY_S) if hurry() else longest_s):
                break
            time.sleep(LOOK_S)
