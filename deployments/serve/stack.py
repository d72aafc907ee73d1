"""What `slideloom serve` runs, and in which order."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.notify import ready
from deployments.serve.database import SQLITE_LIMITS, Database, choose_database, given_url
from deployments.serve.door import PORT as DOOR_PORT
from deployments.serve.door import FirstKey, Listening, door_program, first_key
from deployments.serve.errors import ServerUnusable
from deployments.serve.house import announced, make_house, occupied
from deployments.serve.listening import check_host, free_port
from deployments.serve.prefect_server import (
    ADDRESS,
    LOOPBACK,
    api_url,
    client_environment,
    is_healthy,
    own_environment,
    server_program,
)
from deployments.serve.program import Program
from deployments.serve.signals import stop_signals
from deployments.serve.slots import devices
from deployments.serve.supervisor import Stopped, Supervisor
from deployments.serve.workers import DATABASE as OURS
from deployments.serve.workers import dispatcher, registering, workers
from slideloom.settings import Settings

PORT = 4200


@dataclass(frozen=True)
class Wanted:
    """What an operator asks for.

    Args:
        host: Where our own server listens.
        port: The same; 0: any free one.
        sqlite: Whether its database is SQLite.
        given: The environment, which may name a server or a database.
        slots: Processes that work for the pool `gpu`; none: one per GPU, or a few on the CPU.
        door_host: Where the tenants' door listens.
        door_port: The same; 0: any free one.
    """

    given: Mapping[str, str]
    host: str = LOOPBACK
    port: int = PORT
    sqlite: bool = False
    slots: int | None = None
    door_host: str = LOOPBACK
    door_port: int = DOOR_PORT


@dataclass(frozen=True)
class Stack:
    """What there is to run.

    Args:
        home: The folder of what the server keeps.
        address: The server's API.
        database: Of our own server; none: the server is not ours.
        server: Our own server.
        register: What prepares the server.
        crew: What works with the server, once `register` has run.
        door: Where the tenants' door is.
        theirs: Environment of those who work with the server.
    """

    home: Path
    address: str
    database: Database | None
    server: Program | None
    register: Program
    crew: list[Program]
    door: Listening
    theirs: Mapping[str, str]

    def first_key(self) -> FirstKey | None:
        """On a server without tenants, one to try things out with; see `door.first_key`."""
        return first_key(self.theirs, self.home)


def serve(
    wanted: Wanted,
    settings: Settings,
    say: Callable[[str], None],
    when_ready: Callable[[Stack, FirstKey | None], None],
) -> None:
    """Run all of it until a signal says stop.

    Args:
        wanted: What an operator asks for.
        settings: The settings.
        say: Where to tell what happens.
        when_ready: Called when all is healthy, with the first tenant's key where one was made.

    Raises:
        BadInput: It cannot run as asked: folder, port, server, database.
        ProcessFailed: Something did not start, or keeps dying; all is stopped by then.
    """
    home = make_house(settings.home)
    with occupied(home), stop_signals() as told_to_stop:
        stack = plan(wanted, home, settings, say)
        supervisor = Supervisor(told_to_stop, say)
        try:
            with suppress(Stopped):
                _start(supervisor, stack, say)
                with announced(home, stack.address):
                    when_ready(stack, stack.first_key())
                    ready()
                    supervisor.watch()
        finally:
            say("stopping")
            supervisor.stop()


def plan(wanted: Wanted, home: Path, settings: Settings, say: Callable[[str], None]) -> Stack:
    """What is to run; the database's files are made, nothing is started.

    Raises:
        BadInput: It cannot run as asked.
    """
    base = {**wanted.given, "SLIDELOOM_HOME": str(home)}
    door = Listening(wanted.door_host, free_port(wanted.door_host, wanted.door_port, "--door-port"))
    if address := wanted.given.get(ADDRESS):
        return _with_given_server(address, base, home, settings, wanted, door)
    check_host(wanted.host, base)
    port = free_port(wanted.host, wanted.port)
    address = api_url(wanted.host, port)
    if wanted.sqlite:
        say(SQLITE_LIMITS)
    database = choose_database(home, base, wanted.sqlite)
    own = own_environment(base, home / "prefect", address, database.url)
    log = home / "logs" / "server.log"
    server = server_program(own, wanted.host, port, log, folder=home)
    theirs = client_environment(own, address)
    slots = devices(wanted.slots, settings.device)
    return _stack(home, address, theirs, settings, slots, door, database.lock_url, database, server)


def _with_given_server(
    address: str,
    base: Mapping[str, str],
    home: Path,
    settings: Settings,
    wanted: Wanted,
    door: Listening,
) -> Stack:
    address = address.rstrip("/")
    if wanted.sqlite:
        raise ServerUnusable(f"--sqlite is for a server of our own, and {ADDRESS} names another")
    if not is_healthy(address):
        raise ServerUnusable(
            f"{ADDRESS} names a server, and none answers at {address}: start it, or unset "
            f"{ADDRESS} to have one started here"
        )
    slots, theirs = devices(wanted.slots, settings.device), client_environment(base, address)
    return _stack(home, address, theirs, settings, slots, door, given_url(base, OURS))


def _stack(
    home: Path,
    address: str,
    environment: Mapping[str, str],
    settings: Settings,
    slots: Sequence[str],
    door: Listening,
    lock_url: str | None,
    database: Database | None = None,
    server: Program | None = None,
) -> Stack:
    crew = [
        dispatcher(environment, home, lock_url),
        *workers(environment, home, settings, slots),
        door_program(environment, home, door),
    ]
    first = registering(environment, home)
    return Stack(home, address, database, server, first, crew, door, environment)


def _start(supervisor: Supervisor, stack: Stack, say: Callable[[str], None]) -> None:
    if stack.database and stack.database.program:
        say(f"starting {stack.database.told}")
        supervisor.start([stack.database.program])
    if stack.server:
        say("starting Prefect's server")
        supervisor.start([stack.server])
    say("registering pools, limits, blocks and deployments")
    supervisor.run(stack.register)
    say("starting dispatcher, workers and the tenants' door")
    supervisor.start(stack.crew)
