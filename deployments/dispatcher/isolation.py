"""One run's trouble is not the others': what fails for it alone is logged and left for later."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.exceptions import PrefectException

_log = logging.getLogger(__name__)
_SERVERS_FAULT = 500


@contextmanager
def guarded(run_id: str) -> Iterator[None]:
    """Go on after the server has refused something about this run: deleted, or not allowed.

    A server that cannot be reached, or breaks, is everybody's trouble and goes through.
    """
    try:
        yield
    except httpx.HTTPStatusError as error:
        if error.response.status_code >= _SERVERS_FAULT:
            raise
        _log.warning("run %s: %s", run_id, error)
    except PrefectException as error:
        _log.warning("run %s: %r", run_id, error)
