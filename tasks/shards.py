"""A job's side of its shards: tiles of its slide that other processes segment, side by side.

How many run at a time is Prefect's to hold, by the limits of the tags that each shard's task takes
before it makes its child run; this only asks for no more than that at once.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from runs.names import GPU_TAG, gpu_tenant_tag
from runs.records import JobRun
from slideloom.engines.base import EngineInfo
from slideloom.errors import EngineFailed, SlideloomError
from slideloom.parameters import SegmentCells
from slideloom.progress import Progress
from slideloom.results.workplace import Workplace
from slideloom.segmentation.job import missing_tasks, tiles_done
from slideloom.segmentation.plan import Plan
from slideloom.segmentation.shards import MOST_DEATHS, Pace, ShardQueue, shard_key
from slideloom.settings import settings
from tasks.owners import ENGINE
from tasks.shard_runs import ShardDied, Wanted, live_shards, run_shard

MOST_LANES = 16
"""Shards of one job that are asked for at a time, whatever the limits allow."""
COUNT_S = 3.0
"""So often finished parts are counted, to show progress."""
_engines: dict[tuple[str, str], EngineInfo] = {}
"""What the GPU pool's workers have said of models; forgotten when a shard goes wrong."""
_paces: dict[tuple[str, str, int], Pace] = {}
"""How fast they were with a model, device and size of tile."""


async def engine_of(own: JobRun, job: SegmentCells) -> EngineInfo:
    """What the planner must know of the job's model; this process loads none.

    Raises:
        SlideloomError: What the shard has raised.
    """
    asked = job.model, job.device
    if asked not in _engines:
        run = await _described(own, job)
        _engines[asked] = EngineInfo(**json.loads(str(run.labels[ENGINE])))
    return _engines[asked]


async def _described(own: JobRun, job: SegmentCells) -> FlowRun:
    said = ""
    for deaths in range(MOST_DEATHS):
        given = {"job": job.model_dump(mode="json")}
        try:
            return await _limited(own, Wanted(own, given, f"engine/{deaths}"))
        except ShardDied as died:
            said = str(died)
    raise EngineFailed(
        f"{MOST_DEATHS} workers died or gave up on loading model {job.model}: look at their logs "
        f"(the last one: {said})"
    )


async def _limited(own: JobRun, wanted: Wanted) -> FlowRun:
    """The shard's task with the tags that are its limits' names; no other task has one."""
    task = run_shard.with_options(tags=[GPU_TAG, gpu_tenant_tag(own.tenant)])
    return await task(wanted)


async def segment_in_shards(
    own: JobRun,
    given: dict[str, object],
    place: Workplace,
    progress: Progress,
    plan: Plan,
    missing: Sequence[int],
) -> None:
    """Segment tiles that are missing, in the GPU pool.

    Shards that an earlier attempt has left at work are taken over. What a shard did not finish
    before its worker died goes into another one.

    Args:
        own: The job's run.
        given: Parameters that all shards share: `job` and `out`, as the job's run was given them.
        place: Where the plan is, and the parts go.
        progress: This attempt.
        plan: The plan.
        missing: Tile tasks whose part is not there.

    Raises:
        SlideloomError: What a shard has raised.
        EngineFailed: Too many workers have died on a tile.
    """
    job = SegmentCells.model_validate(given["job"])
    asked = job.model, job.device
    pace = _paces.setdefault((*asked, job.tile_size), Pace())
    async with get_client() as client:
        lanes = await _lanes(client, own.tenant)
        queue = ShardQueue(plan, lanes, pace, list(missing), gaps=job.gaps)
        live = await live_shards(client, own.id)
    try:
        await _Shards(own, given, place, progress, queue).work_off(live)
    except BaseException:
        _engines.pop(asked, None)
        raise


async def _lanes(client: PrefectClient, tenant: str) -> int:
    """As many shards as the limits let this tenant have."""
    found = [await _limit(client, tag) for tag in (GPU_TAG, gpu_tenant_tag(tenant))]
    stated = [limit for limit in found if limit is not None] or [settings().tenant_gpu_limit]
    return max(1, min(*stated, MOST_LANES))


async def _limit(client: PrefectClient, tag: str) -> int | None:
    try:
        return (await client.read_global_concurrency_limit_by_name(f"tag:{tag}")).limit
    except ObjectNotFound:
        return None


class _Shard(NamedTuple):
    """A shard at work: its tile tasks, and the name of its marks; empty: it leaves none."""

    tasks: tuple[int, ...]
    token: str


class _Shards:
    """The shards of one attempt at a job.

    Args:
        own: The job's run.
        given: Parameters that all shards share.
        place: Where the plan is, and the parts go.
        progress: The attempt.
        queue: Tile tasks that wait.
    """

    def __init__(
        self,
        own: JobRun,
        given: dict[str, object],
        place: Workplace,
        progress: Progress,
        queue: ShardQueue,
    ) -> None:
        self._own, self._given, self._place = own, given, place
        self._progress, self._queue = progress, queue
        self._running: dict[asyncio.Task[FlowRun], _Shard] = {}

    async def work_off(self, live: Iterable[FlowRun]) -> None:
        """Until nothing is missing; whatever ends it, no shard is left behind."""
        try:
            self._adopt(live)
            while self._fill():
                await self._count()
                done, _ = await asyncio.wait(
                    self._running, timeout=COUNT_S, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    await self._take_in(task, self._running.pop(task))
            await self._count()
            self._queue.check()
        finally:
            await _all_ended(self._running)

    def _adopt(self, live: Iterable[FlowRun]) -> None:
        """Wait for shards that are at work already, and queue only what is in none of them."""
        waiting = set(self._queue.waiting)
        for run in live:
            tasks = tuple(task for task in run.parameters.get("tasks") or () if task in waiting)
            if tasks:
                waiting -= set(tasks)
                self._start(tasks, run.id)
        self._queue.waiting = sorted(waiting)

    def _fill(self) -> bool:
        """Start shards as long as there is room; whether any is at work."""
        while len(self._running) < self._queue.lanes and (tasks := self._queue.next()):
            self._start(tasks)
        return bool(self._running)

    def _start(self, tasks: tuple[int, ...], adopted: UUID | None = None) -> None:
        queue = self._queue
        deaths = sum(queue.deaths[task] for task in tasks)
        token = f"{self._own.attempt}-{deaths}" if queue.is_last(tasks) else ""
        skip = sorted(queue.skip & {tile for task in tasks for tile in queue.plan.tasks[task]})
        given = {**self._given, "tasks": list(tasks), "skip": skip, "token": token}
        what = f"{shard_key(queue.plan.key, tasks)}/{queue.tries(tasks)}"
        wanted = Wanted(self._own, given, what, adopted)
        self._running[asyncio.ensure_future(_limited(self._own, wanted))] = _Shard(tasks, token)

    async def _take_in(self, task: "asyncio.Task[FlowRun]", shard: _Shard) -> None:
        """A shard has ended: learn its speed, and queue what it has left undone."""
        queue, plan, place = self._queue, self._queue.plan, self._place
        left = await asyncio.to_thread(missing_tasks, plan, place, shard.tasks, queue.gaps)
        try:
            seconds = task.result().total_run_time.total_seconds()
        except ShardDied as died:
            tried = await asyncio.to_thread(place.marked, shard.token) if shard.token else ()
            queue.give_back(left, tried, died.blame, str(died))
        else:
            queue.pace.learn(sum(len(plan.tasks[index]) for index in shard.tasks), seconds)
            queue.succeeded()
            queue.give_back(left, said="its result is not whole")

    async def _count(self) -> None:
        """Count finished parts; that is only shown, and fails nobody."""
        queue = self._queue
        with suppress(SlideloomError, OSError):
            done = await asyncio.to_thread(tiles_done, queue.plan, self._place, queue.gaps)
            self._progress.done = done


async def _all_ended(running: Iterable["asyncio.Task[FlowRun]"]) -> None:
    """Cancel what still runs, and wait until its workers have been told."""
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
