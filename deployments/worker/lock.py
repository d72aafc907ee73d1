"""One live process per worker name on a machine."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import PREFECT_API_URL

from deployments.worker.refusals import Refused
from slideloom.settings import settings


@contextmanager
def name_held(pool: str, name: str) -> Iterator[None]:
    """Hold the worker's name; it is free again the moment the process ends, however it ends.

    Raises:
        Refused: Another process holds it.
    """
    place = f"{PREFECT_API_URL.value()} {pool} {name}"
    digest = hashlib.blake2b(place.encode(), digest_size=8).hexdigest()
    path = settings().home / "workers" / f"{digest}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"a worker named '{name}' of the pool '{pool}' is running already: "
                "stop it, or give this one another --name"
            ) from None
        yield
