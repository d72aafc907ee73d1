"""Flows that the tests' workers import; each waits for a file, never for a while."""

import asyncio
import contextvars
import ctypes
import os
import signal
import threading
import time
from pathlib import Path
from uuid import UUID

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.states import Paused
from prefect.utilities.engine import propose_state

from runs.admission import CLAIMED

LEFT_BEHIND: contextvars.ContextVar[str] = contextvars.ContextVar("left_behind", default="")
_runs_so_far = 0


def _exists(path: str) -> bool:
    return Path(path).exists()


async def _wait_for(path: str) -> None:
    while not _exists(path):
        await asyncio.sleep(0.02)


@flow
async def count(out: str) -> int:
    """What module and context still know of earlier runs."""
    global _runs_so_far
    _runs_so_far += 1
    Path(out).write_text(f"{_runs_so_far} {LEFT_BEHIND.get()!r}")
    LEFT_BEHIND.set("something")
    return _runs_so_far


@flow
async def meet(mine: str, other: str) -> None:
    """Ends only if the other run is at work at the same time."""
    Path(mine).touch()
    await _wait_for(other)


@flow
def block(began: str, until: str) -> None:
    """Holds its thread without ever awaiting anything."""
    Path(began).touch()
    while not _exists(until):
        time.sleep(0.02)


@flow
async def block_loop(began: str, until: str) -> None:
    """The same in an async flow."""
    Path(began).touch()
    while not _exists(until):
        time.sleep(0.02)


@flow
async def wait(began: str, until: str, left: str) -> str:
    """Waits; notes that it was cut short."""
    Path(began).write_text(threading.current_thread().name)
    try:
        await _wait_for(until)
    except asyncio.CancelledError:
        Path(left).write_text("cancelled")
        raise
    return "done"


@flow
async def inner(began: str, until: str) -> None:
    """A subflow that waits."""
    Path(began).touch()
    await _wait_for(until)


@flow
async def outer(began: str, until: str) -> None:
    """A flow whose subflow waits."""
    await inner(began, until)


@flow
async def stubborn(began: str, until: str) -> str:
    """Takes no notice of being cancelled."""
    Path(began).touch()
    while not _exists(until):
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            Path(f"{began}.asked").touch()
    return "all the same"


def note_cancellation(_flow: object, run: object, _state: object) -> None:
    """A cancellation hook."""
    Path(run.parameters["left"]).write_text("hook")  # type: ignore[attr-defined]


wait_with_hook = wait.with_options(name="wait_with_hook", on_cancellation=[note_cancellation])


@flow
async def fail() -> None:
    """Fails."""
    get_run_logger().info("about to fail")
    raise ValueError("this is what broke")


@flow(retries=1, retry_delay_seconds=0)
async def fail_once(marker: str) -> None:
    """Fails, and is tried again by Prefect within its process."""
    if not _exists(marker):
        Path(marker).touch()
        raise ValueError("the first time")


@task
def double(number: int) -> int:
    """A task."""
    get_run_logger().info("doubling %d", number)
    return 2 * number


@flow
async def child(number: int) -> int:
    """A subflow."""
    print(f"the child has {number}")
    return number + 1


@flow(persist_result=True, log_prints=True)
async def everything(number: int, names: list[str], out: str) -> dict[str, int]:
    """Uses what flows use."""
    print(f"printed {number}")
    Path(out).write_text(
        f"{runtime.flow_run.id} {runtime.flow_run.parameters['number']} "
        f"{runtime.deployment.name} {','.join(names)} {CLAIMED.get()}"
    )
    await create_markdown_artifact("# seen", key="everything")
    return {"doubled": double.submit(number).result(), "child": await child(number)}


@flow
async def api_calls(count: int) -> int:
    """Talks to the server from within the run."""
    async with get_client() as client:
        for _ in range(count):
            await client.api_healthcheck()
    return count


@flow
async def suspend_once(marker: str) -> None:
    """Suspends itself the first time, as a workflow does until its jobs have ended."""
    if _exists(marker):
        return
    Path(marker).touch()
    awaiting = Paused(name="Awaiting jobs", reschedule=True)
    async with get_client() as client:
        own = UUID(str(runtime.flow_run.id))
        raise Pause(state=await propose_state(client, awaiting, flow_run_id=own))


@flow
async def nothing() -> None:
    """Trivial."""


_DEATHS = {
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(0),
    # What the kernel sends when memory is short.
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


@flow
async def poison(how: str) -> None:
    """Takes its process down."""
    _DEATHS[how]()
