"""What can go wrong while the server and its processes are started and kept."""

from slideloom.errors import BadInput, SlideloomError


class NoPostgres(BadInput):
    """No PostgreSQL on this machine can hold Prefect's database."""


class DatabaseUnusable(BadInput):
    """The database's folder cannot be used as it is."""


class PortTaken(BadInput):
    """Something else listens where the server should."""


class AlreadyServing(BadInput):
    """Another `slideloom serve` uses the same folder."""


class ServerUnusable(BadInput):
    """The Prefect server that was given does not answer, or may not be opened as asked."""


class ProcessFailed(SlideloomError):
    """A process ended before it was ready, was not ready in time, or keeps ending."""
