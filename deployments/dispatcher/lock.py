"""One dispatcher at a time: a PostgreSQL advisory lock, or a file lock where there is none.

The advisory lock goes with its connection: it is free the moment its holder dies. Prefect's own
leases would keep everybody waiting for a minute after a kill.
"""

import asyncio
import fcntl
import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Any

import asyncpg

from slideloom.errors import SlideloomError

_KEY = int.from_bytes(hashlib.blake2b(b"slideloom dispatcher", digest_size=7).digest())
_ANSWER_S = 5.0
_RETRY_S = 0.5


class LockLost(SlideloomError):
    """The lock is no longer held: another dispatcher may be at work."""


class Lock(ABC):
    """Held by the one dispatcher that may act.

    Attributes:
        request_retries: How often a request of the lock's holder may be repeated by itself. None:
            a pass that fails is made again by what is then. On SQLite most fail for a moment only.
    """

    request_retries = 0

    @abstractmethod
    async def acquire(self) -> None:
        """Wait until the lock is held."""

    @abstractmethod
    async def check(self) -> None:
        """Look whether it still is.

        Raises:
            LockLost: It is not.
        """

    @abstractmethod
    async def release(self) -> None:
        """Let go of it."""


class DatabaseLock(Lock):
    """An advisory lock on a connection of its own.

    Args:
        url: Address of Prefect's database, as SQLAlchemy or libpq write it.
    """

    def __init__(self, url: str) -> None:
        """Connect when asked to."""
        self._dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for the database, then for the lock."""
        while True:
            try:
                self._connection = await asyncpg.connect(self._dsn, timeout=_ANSWER_S)
                await self._connection.execute("SELECT pg_advisory_lock($1)", _KEY)
                return
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self.release()
                await asyncio.sleep(_RETRY_S)

    async def check(self) -> None:
        """Ask the database over the connection that holds the lock."""
        try:
            async with self._turn:
                await self._connection.execute("SELECT 1", timeout=_ANSWER_S)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise LockLost(f"the database closed the dispatcher's connection: {error}") from error

    async def release(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


class FileLock(Lock):
    """A lock for dispatchers of one machine, where Prefect runs on SQLite.

    Args:
        path: The file.
    """

    request_retries = 5

    def __init__(self, path: Path) -> None:
        """Open when asked to."""
        self._path = path
        self._file: IO[str] | None = None

    async def acquire(self) -> None:
        """Wait for the lock without holding up anything else."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                await asyncio.sleep(_RETRY_S)

    async def check(self) -> None:
        """Only the end of this process can take it away."""

    async def release(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
