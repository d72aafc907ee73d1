"""As whom PostgreSQL runs: it refuses to run as root."""

import json
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deployments.serve.errors import NoPostgres

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """Whom PostgreSQL has to run as; none: as whom we run ourselves, who is not root.

    Raises:
        NoPostgres: We are root, and there is no user to change to.
    """
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, user.pw_uid, user.pw_gid)
    raise NoPostgres(
        "PostgreSQL refuses to run as root, and this machine has neither a user 'postgres' nor "
        "'nobody' for it: run as another user, or give a database as SLIDELOOM_DATABASE_URL"
    )


def own_name() -> str:
    """Name of the user that runs this process.

    Raises:
        NoPostgres: The user has none; PostgreSQL would not start either.
    """
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        raise NoPostgres(
            f"the user {os.geteuid()} has no entry in /etc/passwd, without which PostgreSQL does "
            "not run: add one, or give a database as SLIDELOOM_DATABASE_URL"
        ) from error


def launched(
    command: list[str], account: Account | None = None, folder: Path | None = None
) -> list[str]:
    """The command line that runs a command as an account, with signals as they should be."""
    user = {"uid": account.uid, "gid": account.gid} if account else {}
    wanted = json.dumps({**user, "cwd": str(folder) if folder else None})
    return [sys.executable, "-I", "-S", _LAUNCH, wanted, *command]


def works(command: list[str], account: Account | None) -> bool:
    """Whether the account can run a command and the command is content."""
    done = subprocess.run(
        launched(command, account, Path("/")), capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


def can_enter(folder: Path, account: Account | None) -> bool:
    """Whether the account gets into a folder that exists."""
    return works(["/bin/sh", "-c", 'cd -- "$0"', str(folder)], account)
