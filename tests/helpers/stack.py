"""A real Prefect server on a real PostgreSQL, as `slideloom serve` runs them.

    with prefect_on_postgres(tmp_path) as server:
        subprocess.Popen(..., env=server.environment)
        server.restart()

Both stay where they are while they are restarted: same port, same database. Nothing of it outlives
the tests, even if those are killed. Tests that use it belong to `xdist_group("server")`.
"""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from deployments.serve.account import unprivileged
from deployments.serve.guardian import Guard
from deployments.serve.place import Place
from deployments.serve.postgres import Cluster, open_cluster
from deployments.serve.prefect_server import LOOPBACK, api_url, own_environment, server_program
from deployments.serve.processes import Process
from deployments.serve.program import Program
from deployments.serve.programs import Programs
from tests.helpers.schemas import schemas_once

_LET_GO_S = 20.0
ROOT = Path(__file__).parents[2]
_QUICK = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_WORKER_QUERY_SECONDS": "0.2",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.2",
    "PYTHONPATH": str(ROOT),
}

WITH_SCHEDULES = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
}
"""For servers that are to make runs by a schedule at once; it costs each of them some CPU."""


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server((LOOPBACK, 0)) as free:
        return int(free.getsockname()[1])


class Stack:
    """A database and a Prefect server."""

    def __init__(self, folder: Path, cluster: Cluster, guard: Guard, more: dict[str, str]) -> None:
        port = free_port()
        self.cluster = cluster
        self.folder = folder
        self.api_url = api_url(LOOPBACK, port)
        self.database_url = cluster.url
        self.database_log = folder / "postgres.log"
        self.server_log = folder / "server.log"
        self.environment = own_environment(
            {**_clean(), **_QUICK, "SLIDELOOM_HOME": str(folder / "slideloom"), **more},
            folder / "prefect",
            self.api_url,
            cluster.url,
        ) | {"SLIDELOOM_DATABASE_URL": cluster.url}
        self._guard = guard
        self._program = server_program(self.environment, LOOPBACK, port, self.server_log)
        self.database = self._start(cluster.program(self.database_log))
        self.server = self._start(self._program)

    def _start(self, program: Program) -> Process:
        process = Process(program, self._guard)
        try:
            process.wait_ready()
        except BaseException:
            process.kill()
            raise
        return process

    def restart(self) -> None:
        """Stop the server and start it again; returns when it is healthy."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Stop the server as an operator would."""
        self.server.stop()

    def kill(self) -> None:
        """`kill -9` the server."""
        self.server.kill()

    def start(self) -> None:
        """Start the server that was stopped or killed."""
        self.server = self._start(self._program)

    def restart_database(self) -> None:
        """Stop PostgreSQL at once, cutting all connections, and start it again."""
        self.database.stop()
        self.start_database()

    def kill_database(self) -> None:
        """End PostgreSQL without notice: SIGQUIT to all of it, a recovery at the next start."""
        self.database.send(signal.SIGQUIT)
        self.database.stop()

    def start_database(self) -> None:
        """Start the database that was stopped or killed."""
        self.database = self._start(self.cluster.program(self.database_log))


@contextmanager
def temporary_cluster(folder: Path, programs: Programs | None = None) -> Iterator[Cluster]:
    """A database that is gone after the block; root's is outside of the folder of the tests."""
    account = unprivileged()
    outside = Path(tempfile.mkdtemp(prefix="slideloom-tests-")) if account else None
    if outside:
        # pytest's own folders are closed to the user that PostgreSQL has to run as.
        outside.chmod(0o711)
    place = Place((outside or folder) / "postgres", account)
    try:
        yield open_cluster(place, programs, durable=False)
    finally:
        for each in (place.socket, outside):
            if each:
                shutil.rmtree(each, ignore_errors=True)


@contextmanager
def prefect_on_postgres(
    folder: Path, programs: Programs | None = None, **environment: str
) -> Iterator[Stack]:
    """A server for the length of the block.

    Args:
        folder: Where its logs and files go.
        programs: PostgreSQL to use; by default what `slideloom serve` would choose.
        environment: More for the server and for the environment of those who use it.
    """
    schemas_once()
    guard = Guard()
    try:
        with temporary_cluster(folder, programs) as cluster:
            stack = None
            try:
                stack = Stack(folder, cluster, guard, environment)
                yield stack
            finally:
                if stack is not None:
                    _let_go()
                    stack.server.stop()
                    stack.database.stop()
    finally:
        guard.close()


def _let_go() -> None:
    """End what Prefect keeps in this process: it would send to this server for ever."""
    for service in (EventsWorker, APILogWorker):
        service.drain_all(timeout=_LET_GO_S, at_exit=False)


def _clean() -> dict[str, str]:
    """This process's environment without what would lead to another server."""
    others = ("PREFECT", "SLIDELOOM")
    return {name: value for name, value in os.environ.items() if not name.startswith(others)}
