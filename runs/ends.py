"""Jobs that have ended since one last looked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from runs.names import JOB_DEPLOYMENTS
from runs.paging import JOB_RUNS, PAGE
from runs.reading import Patience, meaning
from runs.records import job_run
from slideloom.scheduling.state import JobState

MOST = 2000
"""Ends that are read at one time; older ones, as after a mass cancellation, are passed over."""
_OVERLAP = timedelta(seconds=60)
"""A run may be seen some time after the moment in which it says that it has ended."""
_OPEN = {JobState.PENDING, JobState.RUNNING}


@dataclass(frozen=True, slots=True)
class JobEnd:
    """A job that has ended.

    Attributes:
        kind: Its kind; `other`: none that is known here.
        outcome: How it ended.
        took_s: From its making to its end, in seconds.
        waited_s: From its making to its first start, in seconds; None: it was never started.
    """

    kind: str
    outcome: JobState
    took_s: float
    waited_s: float | None


class JobEnds:
    """Tells each end of a job once; one that is tried again by hand ends again.

    Args:
        since: Ends before this moment are not told.
        patience: Automatic retries: what is going to be tried again has not ended.
    """

    def __init__(self, since: datetime, patience: Patience) -> None:
        """Nothing told yet."""
        self._since = self._latest = since
        self._patience = patience
        self._told: dict[tuple[UUID, datetime], None] = {}

    async def new(self, client: PrefectClient) -> list[JobEnd]:
        """Ends that were not told before, at most `MOST`."""
        begin = max(self._since, self._latest - _OVERLAP)
        ends: list[JobEnd] = []
        for run in await _ended_since(client, begin):
            if run.end_time is None or (run.id, run.end_time) in self._told:
                continue
            end = job_end(run, self._patience)
            if end is not None:
                self._told[run.id, run.end_time] = None
                self._latest = max(self._latest, run.end_time)
                ends.append(end)
        since = self._latest - _OVERLAP
        self._told = {told: None for told in self._told if told[1] >= since}
        return ends


def job_end(run: FlowRun, patience: Patience) -> JobEnd | None:
    """The end of a job; None where it is no job, or has not ended for good."""
    job = job_run(run)
    if job is None or run.created is None or run.end_time is None:
        return None
    outcome = meaning(job, patience)[0].state
    if outcome in _OPEN:
        return None
    # Prefect says that what ends without ever running began when it ended.
    began = run.start_time if run.run_count else None
    stated = job.parameters.get("job")
    kind = str(stated.get("kind", "")) if isinstance(stated, dict) else ""
    return JobEnd(
        kind if kind in JOB_DEPLOYMENTS else "other",
        outcome,
        max((run.end_time - run.created).total_seconds(), 0.0),
        max((began - run.created).total_seconds(), 0.0) if began else None,
    )


async def _ended_since(client: PrefectClient, begin: datetime) -> list[FlowRun]:
    """Runs of jobs that have ended since then, those that ended last first."""
    wanted = FlowRunFilter(end_time=FlowRunFilterEndTime(after_=begin))
    found: dict[UUID, FlowRun] = {}
    for offset in range(0, MOST, PAGE):
        page = await client.read_flow_runs(
            flow_run_filter=wanted,
            deployment_filter=JOB_RUNS,
            sort=FlowRunSort.END_TIME_DESC,
            limit=PAGE,
            offset=offset,
        )
        found.update({run.id: run for run in page})
        if len(page) < PAGE:
            break
    return list(found.values())
