"""A PostgreSQL of our own: on a Unix socket only, for one database, on a small machine."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deployments.serve.account import launched, own_name
from deployments.serve.errors import DatabaseUnusable
from deployments.serve.place import Place
from deployments.serve.program import Program
from deployments.serve.programs import Programs, find_programs

DATABASE = "prefect"
STAGE = 0
"""PostgreSQL starts first and stops last."""

_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# Nothing of PG* from outside; locale C: the same order everywhere, and in every version.
_INIT = ("--auth=peer", "--encoding=UTF8", "--locale=C", "--data-checksums")
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    # Parallel workers need /dev/shm, of which containers have little.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# A killed process loses nothing by these, a machine without power does.
_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Cluster:
    """PostgreSQL's programs and the place of their files; `open_cluster` makes one.

    Args:
        durable: Whether what is committed survives a loss of power; tests do not need that.
    """

    programs: Programs
    place: Place
    durable: bool = True

    @property
    def url(self) -> str:
        """The database's address as SQLAlchemy writes it."""
        return f"postgresql+asyncpg://{self._address}"

    @property
    def _address(self) -> str:
        return f"{quote(own_name())}@/{DATABASE}?host={quote(str(self.place.socket))}"

    def program(self, log: Path) -> Program:
        """What to run."""
        settings = _SETTINGS | {"unix_socket_directories": str(self.place.socket)}
        given = settings if self.durable else settings | _FORGETFUL
        return Program(
            name="PostgreSQL",
            command=[str(self.programs.folder / "postgres"), *self._options(given)],
            environment=_ENVIRONMENT,
            log=log,
            stage=STAGE,
            ready=self._is_ready,
            # Fast shutdown; then at once, with a recovery at the next start; then the hard way.
            signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
            grace_s=20,
            account=self.place.account,
            folder=self.place.data,
            prepare=self.clear_lock,
        )

    def _options(self, settings: dict[str, str]) -> list[str]:
        given = (("-c", f"{name}={value}") for name, value in settings.items())
        return ["-D", str(self.place.data), *(word for pair in given for word in pair)]

    def _is_ready(self, pid: int) -> bool:
        lines = _lock_file(self.place.data)
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def clear_lock(self) -> None:
        """Remove the lock file of a PostgreSQL that was killed.

        PostgreSQL does that itself unless another process has got the old one's number since, as
        is common in containers.

        Raises:
            DatabaseUnusable: Its PostgreSQL still runs.
        """
        lines = _lock_file(self.place.data)
        if not lines or not Path("/proc/self").exists():
            return
        if _works_in(lines[0], self.place.data):
            raise DatabaseUnusable(
                f"PostgreSQL already runs on {self.place.data} (process {lines[0]}): stop it with "
                f"`kill -INT {lines[0]}`"
            )
        (self.place.data / "postmaster.pid").unlink(missing_ok=True)

    def initialise(self) -> None:
        """Make the files of an empty database, unless they are there."""
        if self.place.data.exists():
            return
        half = self.place.folder / "data.half"
        shutil.rmtree(half, ignore_errors=True)
        self.place.make_own(half)
        # A folder that is there is complete: it gets its name last.
        sync = () if self.durable else ("--no-sync",)
        self._run("initdb", "-D", str(half), "-U", own_name(), *_INIT, *sync)
        make = f"CREATE DATABASE {DATABASE};\n"
        self._run("postgres", "--single", "-D", str(half), "postgres", said=make)
        half.rename(self.place.data)

    def _run(self, name: str, *options: str, said: str = "") -> None:
        done = subprocess.run(
            launched(
                [str(self.programs.folder / name), *options],
                self.place.account,
                self.place.folder,
            ),
            env=_ENVIRONMENT,
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            why = " ".join((done.stderr or done.stdout).split())[-600:]
            raise DatabaseUnusable(f"no database can be made in {self.place.folder}: {why}")


def open_cluster(place: Place, programs: Programs | None = None, durable: bool = True) -> Cluster:
    """A cluster that can be started; the first time its files are made.

    Args:
        place: Where its files are.
        programs: PostgreSQL to use; by default what this machine has, in the version that made
            the files, if they are there.
        durable: Whether what is committed survives a loss of power.

    Raises:
        NoPostgres: This machine has none that Prefect can use.
        DatabaseUnusable: The place cannot be used: other version, other owner, in use.
    """
    place.make()
    made_by = _made_by(place.data)
    chosen = programs or find_programs(made_by)
    if made_by not in {None, chosen.major}:
        raise DatabaseUnusable(
            f"the database in {place.data} was made by PostgreSQL {made_by}, and this machine has "
            f"{chosen.version} ({chosen.folder}): install PostgreSQL {made_by} beside it, or move "
            "the folder away to start with an empty database"
        )
    cluster = Cluster(place.reachable(chosen), place, durable)
    cluster.initialise()
    place.make_own(place.socket)
    cluster.clear_lock()
    return cluster


def _made_by(data: Path) -> int | None:
    if not data.exists():
        return None
    try:
        return int((data / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise DatabaseUnusable(
            f"{data} is not a database's folder, or not one that we may read ({error}): move it "
            "away to start with an empty database"
        ) from error


def _lock_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _works_in(pid: str, data: Path) -> bool:
    """Whether a process has the data folder as its own, as PostgreSQL has."""
    try:
        return (Path("/proc") / str(int(pid)) / "cwd").resolve(strict=True) == data.resolve()
    except (OSError, ValueError):
        return False
