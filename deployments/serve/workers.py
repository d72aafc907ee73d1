"""Who works with the server: the dispatcher and the workers of the three pools."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deployments.serve.prefect_server import python
from deployments.serve.program import Program
from deployments.serve.slots import DEVICE, slot_environment
from runs.names import CONTROL, GPU, JOBS
from slideloom.settings import Settings

STAGE = 2
"""They start when the server is ready and stop before it."""

DATABASE = "SLIDELOOM_DATABASE_URL"
_CONTROL_LIMIT = 20
_MARGIN_S = 5


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


@dataclass(frozen=True)
class Post:
    """What a worker is there for, and how it is stopped.

    Attributes:
        pool: The work pool.
        name: Name of the worker.
        limit: Runs at the same time in its process.
        grace_s: How long runs may go on when all is stopped; then they have to stop, and are tried
            again later.
        stopping_s: How long they may take to stop.
    """

    pool: str
    name: str
    limit: int
    grace_s: float = 5
    stopping_s: float = 30

    @property
    def all_s(self) -> float:
        """How long until the process is killed."""
        return self.grace_s + self.stopping_s + _MARGIN_S


def workers(
    environment: Mapping[str, str], home: Path, settings: Settings, devices: Sequence[str]
) -> list[Program]:
    """The workers of a server's own machine.

    Args:
        environment: Of those who work with the server.
        home: The folder of what the server keeps.
        settings: The settings.
        devices: Of the workers of the pool `gpu`, a process each.
    """
    logs = home / "logs"
    light = {name: value for name, value in environment.items() if name != DEVICE}
    host = socket.gethostname()
    limits = {CONTROL: _CONTROL_LIMIT, JOBS: settings.max_workers}
    return [
        *(
            worker(
                Post(pool, f"{pool}-{host}", limit), light, home, (), logs / f"worker-{pool}.log"
            )
            for pool, limit in limits.items()
        ),
        *slots(Post(GPU, f"{GPU}-{host}", 1), environment, home, devices),
    ]


def slots(
    post: Post,
    environment: Mapping[str, str],
    home: Path,
    devices: Sequence[str],
    options: Sequence[Sequence[str]] = (),
    logged: bool = True,
) -> list[Program]:
    """Workers of one pool on one machine, a process for each device.

    Args:
        post: Their post; they get a number each behind its name.
        environment: Of those who work with the server.
        home: The folder of logs and locks.
        devices: What each process is pinned to.
        options: More for each one's command line.
        logged: Whether what they print goes into files; else it goes where we print.
    """
    sharing = devices.count("cpu")
    return [
        worker(
            replace(post, name=f"{post.name}-{number}"),
            slot_environment(environment, device, sharing),
            home,
            options[number - 1] if options else (),
            home / "logs" / f"worker-{post.pool}-{number}.log" if logged else None,
        )
        for number, device in enumerate(devices, start=1)
    ]


def worker(
    post: Post,
    environment: Mapping[str, str],
    home: Path,
    options: Sequence[str],
    log: Path | None,
) -> Program:
    """A worker process.

    Its name is the same after each start, so that it settles what its predecessor left behind.

    Args:
        post: What it is there for.
        environment: Of those who work with the server.
        home: Where it runs.
        options: More for its command line.
        log: The file of what it prints; none: it prints where we do.
    """
    times = ["--grace", str(post.grace_s), "--stopping", str(post.stopping_s)]
    given = ["--name", post.name, "--limit", str(post.limit), *times, *options]
    return Program(
        name=f"the worker '{post.name}'",
        command=[*python("deployments.worker"), post.pool, *given],
        environment=dict(environment),
        log=log,
        stage=STAGE,
        grace_s=post.all_s,
        folder=home,
        expendable=True,
    )
