"""Where a PostgreSQL's files lie, so that its account reaches them and nobody else does."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deployments.serve.account import Account, can_enter, unprivileged, works
from deployments.serve.errors import DatabaseUnusable
from deployments.serve.programs import Programs

ELSEWHERE = Path("/var/lib/slideloom")
"""Where root's database goes when its own folder is closed to everybody else."""

_SOCKET_BYTES = 107
_SOCKET_NAME = ".s.PGSQL.5432.lock"


@dataclass(frozen=True)
class Place:
    """A folder for one database.

    The folder belongs to us, and those in it that PostgreSQL writes to belong to its account: so
    what we do here as root cannot be led astray by links that others have put.
    """

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """Folder of the socket; a short one elsewhere where the address would be too long."""
        near = self.folder / "socket"
        if len(os.fsencode(near / _SOCKET_NAME)) <= _SOCKET_BYTES:
            return near
        return Path(tempfile.gettempdir()) / f"slideloom-{os.geteuid()}-{_digest(self.folder)}"

    def make(self) -> None:
        """Make the folder.

        Raises:
            DatabaseUnusable: It cannot be made, or its account does not reach it.
        """
        try:
            for folder in (self.folder.parent, self.folder):
                _make(folder, 0o711 if self.account else 0o700)
        except OSError as error:
            raise DatabaseUnusable(f"no database can be kept in {self.folder}: {error}") from error
        if self.account and not can_enter(self.folder, self.account):
            raise DatabaseUnusable(
                f"PostgreSQL has to run as the user '{self.account.name}', who cannot enter "
                f"{self.folder}: set SLIDELOOM_HOME to a folder that other users can enter"
            )

    def make_own(self, folder: Path) -> None:
        """Make a folder that only PostgreSQL's account can enter.

        Raises:
            DatabaseUnusable: Somebody else has made it.
        """
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            raise DatabaseUnusable(f"{folder} cannot be made or entered: {error}") from error
        try:
            self._take(folder, opened)
        finally:
            os.close(opened)

    def _take(self, folder: Path, opened: int) -> None:
        ours = {os.geteuid(), self.account.uid if self.account else os.geteuid()}
        if os.fstat(opened).st_uid not in ours:
            raise DatabaseUnusable(f"{folder} belongs to somebody else: remove it")
        if self.account:
            os.fchown(opened, self.account.uid, self.account.gid)
        os.fchmod(opened, 0o700)

    def reachable(self, programs: Programs) -> Programs:
        """The programs, or a copy of them in this folder if the account cannot run them."""
        if works([str(programs.folder / "postgres"), "--version"], self.account):
            return programs
        copy = self.folder / f"programs-{programs.version}"
        if not copy.is_dir():
            half = self.folder / f"{copy.name}.half"
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(programs.installation, half, symlinks=True)
            _open_to_all(half)
            half.rename(copy)
        copied = Programs(copy / "bin", programs.version)
        if not works([str(copied.folder / "postgres"), "--version"], self.account):
            raise DatabaseUnusable(f"PostgreSQL of {programs.folder} does not run from {copy}")
        return copied


def place_for(home: Path) -> Place:
    """The place of the database of a data folder; the folder has to be there.

    Raises:
        NoPostgres: We are root, and there is no user to run PostgreSQL.
    """
    account = unprivileged()
    if account is None or can_enter(home, account):
        return Place(home / "postgres", account)
    return Place(ELSEWHERE / _digest(home), account)


def _open_to_all(folder: Path) -> None:
    """Let everybody read and run what is in a folder, however closed it was where it came from."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            if path.stat().st_mode & 0o100:
                path.chmod(path.stat().st_mode | 0o111)


def _make(folder: Path, mode: int) -> None:
    """A folder with this mode, whatever the umask; one that is there stays as it is."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        folder.chmod(mode)


def _digest(folder: Path) -> str:
    return hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
