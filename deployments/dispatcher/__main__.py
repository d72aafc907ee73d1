"""`python -m deployments.dispatcher`: runs until it is told to stop."""

import asyncio
import hashlib
import logging
import os
import signal
import sys

from prefect.settings import PREFECT_API_URL

from deployments.dispatcher.dispatcher import dispatch
from deployments.dispatcher.lock import DatabaseLock, FileLock, Lock
from deployments.notify import ready
from slideloom.errors import SlideloomError
from slideloom.settings import settings

DATABASE = "SLIDELOOM_DATABASE_URL"


def choose_lock() -> Lock:
    """In Prefect's database where its address is given, otherwise a file on this machine."""
    url = os.environ.get(DATABASE, "")
    if url.startswith("postgresql"):
        return DatabaseLock(url)
    server = hashlib.blake2b(str(PREFECT_API_URL.value()).encode(), digest_size=8).hexdigest()
    return FileLock(settings().home / f"dispatcher-{server}.lock")


async def _run() -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: task.cancel() if task else None)
    await dispatch(choose_lock(), settings(), ready)


def main() -> int:
    """Dispatch until SIGINT or SIGTERM; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if not PREFECT_API_URL.value():
        print("slideloom: PREFECT_API_URL names no Prefect server", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run())
    except asyncio.CancelledError:
        return 0
    except SlideloomError as error:
        print(f"slideloom: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
