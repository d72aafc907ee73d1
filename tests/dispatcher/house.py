"""A dispatcher at work in the test's own event loop, beside a worker that pretends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Completed

from deployments.dispatcher.dispatcher import dispatch
from deployments.dispatcher.lock import DatabaseLock
from runs.ending import end
from runs.names import PLACES
from slideloom.settings import Settings
from tests.dispatcher import town
from tests.helpers.waiting import PATIENCE_S, looks

WAIT_S = PATIENCE_S


@dataclass
class House:
    """What a test talks to.

    Attributes:
        client: Prefect's client.
        ids: Deployments by name.
        worker: Ends jobs as the test says.
        gates: Jobs that run until the test opens their gate, by slide.
        ends: How jobs end, by slide; the others succeed.
    """

    client: PrefectClient
    ids: dict[str, UUID]
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    ends: dict[str, list[State[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.worker = town.Worker(self.client, self.act)

    async def act(self, _client: PrefectClient, run: FlowRun) -> State[Any]:
        """End a job as the test wants it."""
        if gate := self.gates.get(run.name):
            await gate.wait()
        planned = self.ends.get(run.name)
        return planned.pop(0) if planned else Completed()

    def hold(self, *slides: str) -> None:
        """These jobs run until they are let go."""
        self.gates.update({slide: asyncio.Event() for slide in slides})

    def let_go(self, *slides: str) -> None:
        """Let these jobs end."""
        for slide in slides:
            self.gates[slide].set()

    async def state(self, run_id: str) -> str:
        """Name of a run's state."""
        run = await self.client.read_flow_run(UUID(run_id))
        return (run.state.name if run.state else "") or ""

    async def until(self, run_id: str, *names: str) -> FlowRun:
        """Wait until a run is in one of these states; the run."""

        async def there() -> bool:
            return await self.state(run_id) in names

        await eventually(there, f"{run_id} in {names}")
        return await self.client.read_flow_run(UUID(run_id))

    async def submit(
        self, tenant: str, branches: dict[str, str], needs: dict[str, list[str]] | None = None
    ) -> tuple[str, dict[str, str]]:
        """A workflow; `branches` names the slides of each branch, separated by blanks."""
        listed = [
            (name, (needs or {}).get(name, []), slides.split()) for name, slides in branches.items()
        ]
        return await town.submit(self.client, self.ids, tenant, listed)


async def eventually(
    condition: Callable[[], Awaitable[bool]], what: str, timeout_s: float = WAIT_S
) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: It does not hold in time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            async for _ in looks():
                if await condition():
                    return
    except TimeoutError:
        raise TimeoutError(f"never: {what}") from None


@contextlib.asynccontextmanager
async def dispatching(database_url: str, stated: Settings) -> AsyncIterator[None]:
    """A dispatcher that has read everything, while the block runs."""
    ready = asyncio.Event()
    task = asyncio.create_task(dispatch(DatabaseLock(database_url), stated, ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
    if not ready.is_set():
        await end(task, waiting)
        task.result()
        raise TimeoutError("the dispatcher does not get ready")
    try:
        yield
    finally:
        await end(task)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[House]:
    """A house on an empty server; emptied again at the end."""
    async with get_client() as client:
        await _empty(client)
        house = House(client, await town.build(client))
        worker = asyncio.create_task(house.worker.work())
        try:
            yield house
        finally:
            await end(worker)
            await _empty(client)


async def _empty(client: PrefectClient) -> None:
    while runs := await client.read_flow_runs(limit=200):
        for run in runs:
            await client.delete_flow_run(run.id)
    with contextlib.suppress(Exception):
        await client.delete_variable_by_name(PLACES)


def limits(**given: Any) -> Settings:
    """Settings of a test: no pause before retries unless it says so."""
    return Settings(**{"retry_delay_s": 0, "home": Path("unused"), **given})
