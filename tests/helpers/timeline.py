"""When the steps of a segmentation on a server happened, by the server's own clock."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentTaskRunId,
    FlowRunFilterTags,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import TaskRunSort

from runs.admission import read_history
from runs.names import job_tag
from runs.paging import read_all

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Shard:
    """A child run on the GPU pool.

    Attributes:
        worker: Name of the worker that ran it last.
        tasks: Its tile tasks; none: it said what the model is.
        made_s: When it was made; all times are seconds since 1970.
        began_s: When its flow began last.
        ended_s: When it ended.
    """

    worker: str
    tasks: tuple[int, ...]
    made_s: float
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """A job.

    Attributes:
        admitted_s: When it was admitted.
        began_s: When its flow began.
        ended_s: When it ended.
        shards: Its shards, in the order in which they were made.
        steps: Name, begin and end of each task run of the job itself, in order of their begin.
        tile_tasks: Task runs in its shards.
        task_runs: All task runs of the job: in its flow, its subflows and its shards.
    """

    admitted_s: float
    began_s: float
    ended_s: float
    shards: tuple[Shard, ...]
    steps: tuple[tuple[str, float, float], ...]
    tile_tasks: int
    task_runs: int

    @property
    def segmenting(self) -> tuple[Shard, ...]:
        """Shards with tiles."""
        return tuple(shard for shard in self.shards if shard.tasks)

    def told(self) -> str:
        """All of it for people, in seconds after the admission."""
        at = [f"job began {self.began_s - self.admitted_s:.2f}"]
        at += [
            f"{name} {began - self.admitted_s:.2f} to {ended - self.admitted_s:.2f}"
            for name, began, ended in self.steps
        ]
        at += [
            f"{'shard' if shard.tasks else 'engine'} of {len(shard.tasks)} tile tasks on "
            f"{shard.worker}: made {shard.made_s - self.admitted_s:.2f}, began "
            f"{shard.began_s - self.admitted_s:.2f}, ended {shard.ended_s - self.admitted_s:.2f}"
            for shard in self.shards
        ]
        return "\n  ".join([*at, f"job ended {self.ended_s - self.admitted_s:.2f}"])


def timeline(job: str) -> Timeline:
    """The timeline of a job that has ended, from the server that `PREFECT_API_URL` names."""
    return asyncio.run(_timeline(UUID(job)))


async def _timeline(job: UUID) -> Timeline:
    async with get_client() as client:
        states = await read_history(client, str(job))
        tagged = FlowRunFilter(tags=FlowRunFilterTags(all_=[job_tag(str(job))]))
        runs = [run for run in await read_all(client, tagged) if run.id != job]
        shards = [await _shard(client, run) for run in runs]
        steps = await _tasks(client, [job])
        parents = FlowRunFilterParentTaskRunId(any_=[UUID(step) for step, *_ in steps])
        children = await read_all(client, FlowRunFilter(parent_task_run_id=parents))
        below = [run.id for run in children]
        inner = await _tasks(client, below)
        tiles = await _tasks(client, [run.id for run in runs])
    return Timeline(
        _last(states, "Resuming"),
        _last(states, "Running"),
        states[-1].timestamp.timestamp(),
        tuple(sorted(shards, key=lambda shard: shard.made_s)),
        tuple((name, began, ended) for _, name, began, ended in steps),
        len(tiles),
        len(steps) + len({step for step, *_ in inner + tiles}),
    )


def _last(states: list[State[Any]], name: str) -> float:
    return max(state.timestamp.timestamp() for state in states if state.name == name)


async def _shard(client: PrefectClient, run: FlowRun) -> Shard:
    states = await read_history(client, str(run.id))
    return Shard(
        (run.infrastructure_pid or "").partition(":")[0],
        tuple(run.parameters.get("tasks") or ()),
        states[0].timestamp.timestamp(),
        _last(states, "Running"),
        states[-1].timestamp.timestamp(),
    )


async def _tasks(
    client: PrefectClient, flow_runs: list[UUID]
) -> list[tuple[str, str, float, float]]:
    """Id, name, begin and end of the task runs of flow runs, by their begin."""
    wanted = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=flow_runs))
    runs: list[TaskRun] = []
    while flow_runs and len(runs) % _PAGE == 0:
        page = await client.read_task_runs(
            task_run_filter=wanted, sort=TaskRunSort.ID_DESC, limit=_PAGE, offset=len(runs)
        )
        if not page:
            break
        runs += page
    found = [
        (str(run.id), run.name, run.start_time.timestamp(), run.end_time.timestamp())
        for run in runs
        if run.start_time and run.end_time
    ]
    return sorted(found, key=lambda each: each[2])
