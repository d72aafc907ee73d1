"""Who works with the server: the dispatcher and the workers of the three pools."""

import socket
from collections.abc import Mapping
from pathlib import Path

from deployments.serve.prefect_server import python
from deployments.serve.program import Program
from runs.names import CONTROL, GPU, JOBS
from slideloom.settings import Settings

STAGE = 2
"""They start when the server is ready and stop before it."""

DATABASE = "SLIDELOOM_DATABASE_URL"
_CONTROL_LIMIT = 20
_GPU_LIMIT = 2
_GRACE_S = 5
"""How long a run may go on when all is stopped; then it has to stop, and is tried again later."""

_STOPPING_S = 30


def registering(environment: Mapping[str, str], home: Path) -> Program:
    """What makes pools, limits, blocks and deployments on the server, and ends."""
    return Program(
        name="slideloom register",
        command=python("deployments.serve.registering"),
        environment=dict(environment),
        log=home / "logs" / "register.log",
        stage=STAGE,
        ready=lambda _: False,
        folder=home,
    )


def dispatcher(environment: Mapping[str, str], home: Path, database_url: str | None) -> Program:
    """The dispatcher.

    Args:
        environment: Of those who work with the server.
        home: The folder of what the server keeps.
        database_url: Where the dispatcher holds its lock; none: in a file.
    """
    lock = {DATABASE: database_url} if database_url else {}
    return Program(
        name="the dispatcher",
        command=python("deployments.dispatcher"),
        environment={**environment, **lock},
        log=home / "logs" / "dispatcher.log",
        stage=STAGE,
        folder=home,
    )


def workers(environment: Mapping[str, str], home: Path, settings: Settings) -> list[Program]:
    """A worker for each pool."""
    limits = {CONTROL: _CONTROL_LIMIT, JOBS: settings.max_workers, GPU: _GPU_LIMIT}
    return [_worker(pool, limit, environment, home) for pool, limit in limits.items()]


def _worker(pool: str, limit: int, environment: Mapping[str, str], home: Path) -> Program:
    # The same name after each start: a worker settles what its predecessor has left behind.
    name = f"{pool}-{socket.gethostname()}"
    times = ["--grace", str(_GRACE_S), "--stopping", str(_STOPPING_S)]
    return Program(
        name=f"the worker of pool '{pool}'",
        command=[
            *python("deployments.worker"),
            *(pool, "--name", name, "--limit", str(limit)),
            *times,
        ],
        environment=dict(environment),
        log=home / "logs" / f"worker-{pool}.log",
        stage=STAGE,
        grace_s=_GRACE_S + _STOPPING_S + 5,
        folder=home,
    )
