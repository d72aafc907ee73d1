"""Ends the processes of a supervisor that was killed: `python -I -S guard.py`.

The supervisor holds the other end of standard input and writes there what it starts (`+PID STAGE
GRACE SIGNAL…`) and what has ended (`-PID`). When the supervisor is gone, by whatever way, the
kernel closes the pipe. Then the processes are stopped as the supervisor would have: the last stage
first, each process by its signals in turn, the last one to its whole group. Standard library only.
"""

import os
import signal
import sys
import time

_LOOK_S = 0.05

Entry = tuple[int, float, list[int]]
"""Stage, seconds that each signal is given, signals."""


def _read() -> dict[int, Entry]:
    known: dict[int, Entry] = {}
    for line in sys.stdin:
        pid, *rest = line.split()
        if pid.startswith("-"):
            known.pop(-int(pid), None)
        else:
            known[int(pid)] = int(rest[0]), float(rest[1]), [int(number) for number in rest[2:]]
    return known


def _send(pid: int, number: int) -> bool:
    """Whether there was a process to send it to."""
    try:
        if number == signal.SIGKILL:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        # Ended; or a system without /proc.
        return not os.path.exists("/proc/self") and _send(pid, 0)  # noqa: PTH110 - no imports


def _stop(processes: dict[int, Entry]) -> None:
    for turn in range(max((len(signals) for _, _, signals in processes.values()), default=0)):
        asked = {
            pid: time.monotonic() + grace_s
            for pid, (_, grace_s, signals) in processes.items()
            if turn < len(signals) and _send(pid, signals[turn])
        }
        while any(_lives(pid) and time.monotonic() < end for pid, end in asked.items()):
            time.sleep(_LOOK_S)


def main() -> None:
    """Wait for the supervisor's end, then for that of its processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    known = _read()
    for stage in sorted({entry[0] for entry in known.values()}, reverse=True):
        _stop({pid: entry for pid, entry in known.items() if entry[0] == stage})


if __name__ == "__main__":
    main()
