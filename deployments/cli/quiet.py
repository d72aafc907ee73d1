"""Prefect for a command line: no chatter on the terminal, no word to its makers.

Logs of the runs still go to Prefect's API.

Without `PREFECT_API_URL`, Prefect starts a temporary server of its own for the length of the
command. Call `quieten` before anything imports Prefect; what the user has set stays.
"""

import os

_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",  # Prefect's client would tell its makers, and say so on the terminal
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
}


def quieten() -> None:
    """Set the defaults in this process's environment."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("SLIDELOOM_DEBUG"):
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
