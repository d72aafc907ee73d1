"""What is run: a command, how it is known to be ready, and how it is told to stop."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployments.serve.account import Account


@dataclass(frozen=True)
class Program:
    """What to run, and how it is told to stop.

    Args:
        name: For people, and the name of its log.
        log: The file of what it prints; none: it prints where we do.
        stage: Stages are started in order and stopped in reverse.
        ready: Tells of the process with a pid whether it is ready; none: it says so itself, by
            systemd's protocol.
        signals: What stops it; each gets `grace_s` before the next. The last goes to its whole
            process group.
        account: As whom it runs; none: as we do.
        folder: Where it runs; none: where we do.
        prepare: What is done before each start.
        expendable: What it is given to do may take it down: that it died after it was ready is no
            sign that it cannot run, and it is started again however often that happens.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path | None
    stage: int
    ready: Callable[[int], bool] | None = None
    ready_within_s: float = 180
    signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)
    grace_s: float = 15
    account: Account | None = None
    folder: Path | None = None
    prepare: Callable[[], None] = lambda: None
    expendable: bool = False
