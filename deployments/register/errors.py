"""Why a server cannot be registered with."""

from slideloom.errors import BadInput, SlideloomError


class ServerMissing(BadInput):
    """No Prefect server is named."""


class ServerUnreachable(SlideloomError):
    """The Prefect server that is named does not answer."""


class ServerMismatch(BadInput):
    """The Prefect server is of another version than ours."""


class PoolConflict(BadInput):
    """A work pool of our name is of another type."""


class DeploymentRefused(SlideloomError):
    """The server did not take a deployment."""
