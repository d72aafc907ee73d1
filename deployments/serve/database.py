"""Which database a server of our own uses: one that is given, our own PostgreSQL, or SQLite."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deployments.serve.place import place_for
from deployments.serve.postgres import open_cluster
from deployments.serve.prefect_server import DATABASE as PREFECTS
from deployments.serve.program import Program
from deployments.serve.workers import DATABASE as OURS
from slideloom.errors import ParametersUnusable

SQLITE_LIMITS = (
    "SQLite takes one writer at a time: with more than a few jobs Prefect finds its 'database is "
    "locked' and misses heartbeats. For one person with small slides; else leave --sqlite away"
)


@dataclass(frozen=True)
class Database:
    """A database of Prefect's.

    Args:
        url: As SQLAlchemy writes it.
        told: What it is, for people; holds no password.
        program: What has to run for it; none: it runs already, or needs nobody.
    """

    url: str
    told: str
    program: Program | None = None

    @property
    def lock_url(self) -> str | None:
        """Where the dispatcher can hold its lock; none: not in this kind of database."""
        return self.url if self.url.startswith("postgresql") else None


def choose_database(home: Path, given: Mapping[str, str], sqlite: bool) -> Database:
    """The database of a server of our own; made, if it is ours and was not there.

    Args:
        home: The folder of what the server keeps.
        given: The environment.
        sqlite: Whether SQLite is asked for.

    Raises:
        ParametersUnusable: Two are asked for, or one of a kind that Prefect does not know.
        NoPostgres: This machine has no PostgreSQL.
        DatabaseUnusable: The folder of our own cannot be used.
    """
    url = given_url(given)
    if url and sqlite:
        raise ParametersUnusable(f"--sqlite and {OURS} name two databases: take one of them away")
    if url:
        return Database(url, _without_password(url))
    if sqlite:
        path = home / "prefect" / "prefect.db"
        return Database(f"sqlite+aiosqlite:///{path}", f"SQLite, {path}")
    cluster = open_cluster(place_for(home))
    told = f"PostgreSQL {cluster.programs.version}, {cluster.place.folder}"
    return Database(cluster.url, told, cluster.program(home / "logs" / "postgres.log"))


def given_url(given: Mapping[str, str], *names: str) -> str | None:
    """The database that the environment names, as SQLAlchemy writes it.

    Args:
        given: The environment.
        names: The variables that may name one; by default ours and Prefect's.

    Raises:
        ParametersUnusable: It is of a kind that Prefect does not know.
    """
    for name in names or (OURS, PREFECTS):
        if url := given.get(name):
            return _for_prefect(url, name)
    return None


def _for_prefect(url: str, name: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in {"postgresql", "postgres", "postgresql+asyncpg"} and rest:
        return f"postgresql+asyncpg://{rest}"
    if scheme == "sqlite+aiosqlite" and rest:
        return url
    raise ParametersUnusable(
        f"{name} begins with '{scheme}': Prefect's database is PostgreSQL "
        "(postgresql://user:password@host/name) or SQLite (sqlite+aiosqlite:///file)"
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
