"""`python -m deployments.worker POOL --name NAME --limit N`: works until it is told to stop.

The first SIGTERM or SIGINT ends the claiming at once; runs may go on for `--grace` seconds, then
they are told to stop and end as Crashed, from where jobs are tried again. The second ends the
process on the spot. Exit code 0: all runs have left; 1: some did not; 2: it could not start.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from deployments.worker.health import LOOPBACK, STALE_S, Place, answering
from deployments.worker.refusals import check_address, check_device
from deployments.worker.worker import GRACE_S, STOPPING_S, WarmWorker
from runs.names import GPU
from slideloom.engines.memory import keep_freed_memory
from slideloom.errors import SlideloomError
from slideloom.settings import settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.worker", description=__doc__)
    parser.add_argument("pool", help="work pool to work for")
    parser.add_argument("--name", help="name of this worker (default: POOL-HOST)")
    parser.add_argument("--limit", type=int, help="runs at the same time (default: no limit)")
    parser.add_argument(
        "--grace",
        type=float,
        default=GRACE_S,
        metavar="SECONDS",
        help="how long runs may go on after the signal to stop (default: %(default)g)",
    )
    parser.add_argument(
        "--stopping",
        type=float,
        default=STOPPING_S,
        metavar="SECONDS",
        help="how long they may take to stop once they are told to (default: %(default)g)",
    )
    _add_health(parser)
    return parser.parse_args(given)


def _add_health(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--health-port", type=int, help="answer GET /health here; 0: any free port, printed"
    )
    parser.add_argument(
        "--health-host", default=LOOPBACK, help="where that listens (default: %(default)s)"
    )
    parser.add_argument(
        "--health-stale",
        type=float,
        default=STALE_S,
        metavar="SECONDS",
        help="not healthy when the last successful poll is older (default: %(default)g)",
    )


async def _work(given: argparse.Namespace) -> int:
    worker = WarmWorker(
        given.pool,
        name=given.name or f"{given.pool}-{socket.gethostname()}",
        limit=given.limit,
        grace_s=given.grace,
        stopping_s=given.stopping,
        create_pool_if_not_found=False,
    )
    _stop_on_signals(worker)
    with _health(worker, given):
        try:
            await worker.start()
        except asyncio.CancelledError:
            print(f"Worker {worker.name!r} stopped.", flush=True)
    if worker.stuck:
        print(f"Did not stop: {', '.join(worker.stuck)}", file=sys.stderr, flush=True)
        # Their threads would hold up the end of the interpreter.
        os._exit(1)
    return 0


@contextmanager
def _health(worker: WarmWorker, given: argparse.Namespace) -> Iterator[None]:
    """Answer how the worker is, also while it drains, where that is asked for."""
    if given.health_port is None:
        yield
        return
    place = Place(given.health_port, given.health_host, given.health_stale)
    with answering(place, worker.pulse, worker.facts) as address:
        print(f"Worker {worker.name!r} answers at {address}", flush=True)
        yield


def _stop_on_signals(worker: WarmWorker) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def leave(number: int) -> None:
        for each in _SIGNALS:
            loop.add_signal_handler(each, os._exit, 128 + number)
        worker.pulse.draining = True
        print(f"Worker {worker.name!r} stops: it claims no more runs.", flush=True)
        if task is not None:
            task.cancel()

    # On the loop, not by Prefect's way: that one hangs where SIGINT was ignored at the start.
    for number in _SIGNALS:
        loop.add_signal_handler(number, leave, number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until SIGINT or SIGTERM; the exit code."""
    given = _arguments(arguments)
    if given.pool == GPU:
        keep_freed_memory()  # before any thread: one that is there keeps an arena of its own
    try:
        check_address()
        check_device(settings().device)
        return asyncio.run(_work(given))
    except SlideloomError as error:
        print(f"slideloom: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
