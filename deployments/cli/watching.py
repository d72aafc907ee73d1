"""Watch a workflow or a job until it ends: a live display on a terminal, else lines, or JSON."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from prefect.client.orchestration import PrefectClient
from rich.live import Live

from deployments.cli.ids import Kind
from deployments.cli.pages import lines, live, page
from deployments.cli.show import console
from runs.views import JobView, WorkflowView, plain, read_job, read_workflow
from slideloom.scheduling.state import JobState

PAUSE_S = 1.0
_SHARE = 4.0
"""It pauses so many times as long as the server took to answer, so that watching stays cheap."""

View = JobView | WorkflowView
Show = Callable[[View], None]


async def read(client: PrefectClient, kind: Kind, run_id: str) -> View:
    """The workflow or the job."""
    if kind == "job":
        return await read_job(client, run_id)
    return await read_workflow(client, run_id)


async def watch(client: PrefectClient, kind: Kind, run_id: str, as_json: bool = False) -> int:
    """Show how it goes on until it has ended; the exit code: 0 where it succeeded, else 1."""
    with _as_json() if as_json else _shown() as show:
        view = await until(lambda: read(client, kind, run_id), lambda view: view.ended, show)
    return 0 if view.state is JobState.SUCCEEDED else 1


async def until(
    look: Callable[[], Awaitable[View]], over: Callable[[View], bool], show: Show
) -> View:
    """Look again and again; the first view that it is over with."""
    while True:
        began = time.monotonic()
        view = await look()
        show(view)
        if over(view):
            return view
        await asyncio.sleep(max(PAUSE_S, _SHARE * (time.monotonic() - began)))


@contextmanager
def _shown() -> Iterator[Show]:
    with _live() if console.is_terminal else _lines() as show:
        yield show


@contextmanager
def _live() -> Iterator[Show]:
    """A display that is redrawn, and at the end everything there is to say."""
    last: list[View] = []
    with Live(console=console, transient=True, auto_refresh=False) as display:

        def show(view: View) -> None:
            last[:] = [view]
            display.update(live(view), refresh=True)

        yield show
    for view in last:
        console.print(page(view))


@contextmanager
def _lines() -> Iterator[Show]:
    """A line about each thing that has changed."""
    said: dict[str, str] = {}

    def show(view: View) -> None:
        for what, line in lines(view).items():
            if said.get(what) != line:
                said[what] = line
                console.print(line, markup=False)

    yield show


@contextmanager
def _as_json() -> Iterator[Show]:
    """The whole view in a line of JSON, whenever something has changed."""
    said = ""

    def show(view: View) -> None:
        nonlocal said
        line = json.dumps(plain(view))
        if line != said:
            said = line
            print(line, flush=True)

    yield show
