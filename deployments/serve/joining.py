"""`slideloom worker`: this machine works for a server that runs elsewhere."""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.notify import ready
from deployments.serve.errors import ServerUnusable
from deployments.serve.house import make_house
from deployments.serve.listening import free_port
from deployments.serve.prefect_server import ADDRESS, LOOPBACK, client_environment, is_healthy
from deployments.serve.program import Program
from deployments.serve.signals import stop_signals
from deployments.serve.slots import devices
from deployments.serve.supervisor import Stopped, Supervisor
from deployments.serve.workers import Post, slots
from runs.names import GPU
from slideloom.settings import Settings

GRACE_S = 20.0


@dataclass(frozen=True)
class Joining:
    """What an operator asks for.

    Args:
        given: The environment, which names the server.
        pool: Work pool to work for.
        slots: Processes; none: one per device for the pool `gpu`, else one.
        devices: What they are pinned to; none: every GPU, or the CPU.
        limit: Runs at the same time in each process.
        name: Of the workers, which get a number each; none: pool and machine.
        grace_s: How long runs may go on when all is stopped.
        health_port: Where the first process answers how it is, the others at the numbers after
            it; 0: any free ones.
        health_host: The interface of that.
        logged: Whether what the workers print goes into files.
    """

    given: Mapping[str, str]
    pool: str = GPU
    slots: int | None = None
    devices: Sequence[str] = ()
    limit: int = 1
    name: str | None = None
    grace_s: float = GRACE_S
    health_port: int | None = None
    health_host: str = LOOPBACK
    logged: bool = True


@dataclass(frozen=True)
class Joined:
    """What there is to run.

    Args:
        address: The server's API.
        home: The folder of logs and locks.
        programs: The workers.
        devices: What each is pinned to.
        health: Where each says how it is; empty: nowhere.
    """

    address: str
    home: Path
    programs: list[Program]
    devices: list[str]
    health: list[str]


def join(
    wanted: Joining,
    settings: Settings,
    say: Callable[[str], None],
    when_ready: Callable[[Joined], None],
) -> None:
    """Work until a signal says stop.

    Args:
        wanted: What an operator asks for.
        settings: The settings.
        say: Where to tell what happens.
        when_ready: Called when all workers poll.

    Raises:
        BadInput: It cannot run as asked: folder, port, server.
        ProcessFailed: A worker cannot start, or keeps failing to; all are stopped by then.
    """
    with stop_signals() as told_to_stop:
        joined = plan(wanted, settings)
        supervisor = Supervisor(told_to_stop, say)
        try:
            with suppress(Stopped):
                say(f"starting the workers of pool '{wanted.pool}': {len(joined.programs)}")
                supervisor.start(joined.programs)
                when_ready(joined)
                ready()
                supervisor.watch()
        finally:
            say("stopping: no more runs are claimed, those at work may end")
            supervisor.stop()


def plan(wanted: Joining, settings: Settings) -> Joined:
    """What is to run; nothing is started.

    Raises:
        BadInput: It cannot run as asked.
    """
    address = _server(wanted.given)
    home = make_house(settings.home)
    pinned = _devices(wanted, settings)
    ports = _ports(wanted, len(pinned))
    name = wanted.name or f"{wanted.pool}-{socket.gethostname()}"
    programs = slots(
        Post(wanted.pool, name, wanted.limit, wanted.grace_s),
        client_environment({**wanted.given, "SLIDELOOM_HOME": str(home)}, address),
        home,
        pinned,
        [_health_options(wanted.health_host, port) for port in ports],
        wanted.logged,
    )
    health = [f"http://{wanted.health_host}:{port}/health" for port in ports]
    return Joined(address, home, programs, pinned, health)


def _server(given: Mapping[str, str]) -> str:
    address = given.get(ADDRESS, "").rstrip("/")
    if not address:
        raise ServerUnusable(
            f"{ADDRESS} names no server to work for: set it to the address of one, such as "
            "http://head.example:4200/api"
        )
    if not is_healthy(address):
        raise ServerUnusable(
            f"no server answers at {address}: start it, see whether this machine reaches it, or "
            f"set {ADDRESS} to another"
        )
    return address


def _devices(wanted: Joining, settings: Settings) -> list[str]:
    """Only shards load models: the workers of other pools are pinned only where that is asked."""
    asked = wanted.devices or [settings.device]
    if wanted.pool == GPU or set(asked) != {"auto"}:
        return devices(wanted.slots, *asked)
    return ["auto"] * (wanted.slots or 1)


def _ports(wanted: Joining, count: int) -> list[int]:
    """Found here, not by the workers: they stay the same when one is started again."""
    first = wanted.health_port
    if first is None:
        return []
    wanted_ports = [first + number if first else 0 for number in range(count)]
    return [free_port(wanted.health_host, port) for port in wanted_ports]


def _health_options(host: str, port: int) -> list[str]:
    return ["--health-port", str(port), "--health-host", host]
