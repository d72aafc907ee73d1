"""`python -m gateway.inspection FILE ...`: takes its limits on, then looks at the file."""

import json
import resource
import signal
import sys
from pathlib import Path

_MOST_SAID_BYTES = 1 << 16


def _limit(memory_bytes: int, cpu_s: int, wall_s: int) -> None:
    """No way back from these; what breaks them ends this process."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MOST_SAID_BYTES),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))
    signal.alarm(wall_s)  # whoever waits for us may be gone


def main() -> None:
    """Print the verdict as JSON."""
    path, most_whole_px, memory_bytes, cpu_s, wall_s = sys.argv[1:6]
    _limit(int(memory_bytes), int(cpu_s), int(wall_s))
    from gateway.inspection.facts import UploadRefused, Verdict  # after the limits
    from gateway.inspection.look import look

    try:
        verdict = Verdict(facts=look(Path(path), int(most_whole_px)))
    except UploadRefused as error:
        verdict = Verdict(refused=str(error)[:2000])
    except MemoryError:
        verdict = Verdict(refused="the file takes more memory to read than is allowed")
    sys.stdout.write(json.dumps(verdict.model_dump()))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
