"""Keeps processes: starts them in order, starts again what dies, stops all in reverse order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployments.serve.errors import ProcessFailed
from deployments.serve.guardian import Guard
from deployments.serve.logs import rotate
from deployments.serve.processes import LOOK_S, Process, stop_all
from deployments.serve.program import Program

_ROTATE_S = 60.0


class Stopped(Exception):
    """We were told to stop while something was being waited for."""


@dataclass(frozen=True)
class Patience:
    """How often a process that keeps dying is started again.

    Args:
        deaths: So many in a row are too many.
        steady_s: A process that lived this long begins a new row.
        pause_s: Pause before the first new start, doubled each time.
        longest_pause_s: Bound of that.
    """

    deaths: int = 5
    steady_s: float = 60
    pause_s: float = 0.5
    longest_pause_s: float = 10

    def pause(self, deaths: int) -> float:
        """Seconds until the next start."""
        return float(min(self.pause_s * 2 ** (deaths - 1), self.longest_pause_s))


@dataclass
class _Kept:
    """A process, how often it has died in a row, and when it is started again.

    Of these deaths, `failures` are those that speak against the process itself.
    """

    process: Process
    settled: bool = False
    deaths: int = 0
    failures: int = 0
    again_at: float | None = None


class Supervisor:
    """Processes that live together.

    Args:
        told_to_stop: How often we were told to stop; the second time, nobody is waited for.
        say: Where to tell an operator what happens.
        patience: With processes that keep dying.
    """

    def __init__(
        self,
        told_to_stop: Callable[[], int],
        say: Callable[[str], None],
        patience: Patience | None = None,
    ) -> None:
        """Have the guard at hand."""
        self._told_to_stop, self._say = told_to_stop, say
        self._patience = patience or Patience()
        self._guard = Guard()
        self._kept: list[_Kept] = []
        self._rotated = time.monotonic()

    def start(self, programs: Sequence[Program]) -> None:
        """Start programs side by side and wait until all are ready.

        Raises:
            ProcessFailed: One of them ended or took too long, or one that runs keeps dying.
            Stopped: We were told to stop.
        """
        new = []
        for program in programs:
            self._meanwhile()
            new.append(_Kept(Process(program, self._guard)))
            self._kept.append(new[-1])
        # One that is ready is kept from then on: it may die while others are waited for.
        while waiting := [kept for kept in new if not kept.settled]:
            for kept in waiting:
                kept.settled = kept.process.is_ready or kept.process.check()
            self._meanwhile()
            time.sleep(LOOK_S)

    def run(self, program: Program) -> None:
        """Run a program to its end.

        Raises:
            ProcessFailed: It ended badly or took too long.
            Stopped: We were told to stop.
        """
        process = Process(program, self._guard)
        try:
            while process.code is None:
                process.check()
                self._meanwhile()
                time.sleep(LOOK_S)
            if process.code:
                process.check()
        finally:
            process.stop()

    def watch(self) -> None:
        """Keep all of them until we are told to stop.

        Raises:
            ProcessFailed: One keeps dying.
        """
        while not self._told_to_stop():
            self._look()
            time.sleep(2 * LOOK_S)

    def stop(self) -> None:
        """End all of them, the last stage first; each stage's side by side."""
        for stage in sorted({kept.process.program.stage for kept in self._kept}, reverse=True):
            stop_all(
                [kept.process for kept in self._kept if kept.process.program.stage == stage],
                hurry=lambda: self._told_to_stop() > 1,
            )
        self._kept.clear()
        self._guard.close()

    def _meanwhile(self) -> None:
        if self._told_to_stop():
            raise Stopped
        self._look()

    def _look(self) -> None:
        for kept in self._kept:
            if kept.settled:
                self._keep(kept)
        if time.monotonic() - self._rotated > _ROTATE_S:
            self._rotated = time.monotonic()
            for log in filter(None, (kept.process.program.log for kept in self._kept)):
                rotate(log)

    def _keep(self, kept: _Kept) -> None:
        if kept.again_at is not None:
            if time.monotonic() >= kept.again_at:
                kept.process, kept.again_at = Process(kept.process.program, self._guard), None
            return
        try:
            kept.process.check()
        except ProcessFailed as failed:
            self._count(kept, failed)

    def _count(self, kept: _Kept, failed: ProcessFailed) -> None:
        process = kept.process
        lived_s = time.monotonic() - process.since
        process.stop()
        steady = lived_s > self._patience.steady_s
        kept.deaths = 1 if steady else kept.deaths + 1
        blameless = process.program.expendable and process.is_ready
        kept.failures = 0 if blameless else 1 if steady else kept.failures + 1
        if kept.failures >= self._patience.deaths:
            raise ProcessFailed(f"{failed}; that was {kept.failures} times in a row: giving up")
        self._say(f"{failed}; starting it again")
        kept.again_at = time.monotonic() + self._patience.pause(kept.deaths)
