"""What Prefect knows of queue, workers and jobs, for Prometheus; asked when somebody scrapes."""

from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from blocks import list_tenants
from gateway.board import Board
from gateway.moments import Moment
from runs.ends import JobEnds
from runs.house import queue_depths
from runs.reading import Patience
from slideloom.settings import settings

_LONG_S = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0)
_REMOVED = "(removed)"


class JobMetrics:
    """Gauges of what is now, and histograms of the jobs that ended since this door was opened.

    Args:
        client: Prefect's client.
        board: How busy the house is.
        keep_s: How long a text counts.
    """

    def __init__(self, client: PrefectClient, board: Board, keep_s: float) -> None:
        """Nothing is read yet."""
        self._client, self._board = client, board
        stated = settings()
        self._ends = JobEnds(datetime.now(UTC), Patience(stated.job_retries, stated.retry_delay_s))
        self._registry = CollectorRegistry()
        self._text = Moment(self._read, keep_s)
        self._make()

    def _make(self) -> None:
        def gauge(name: str, told: str, *labels: str) -> Gauge:
            return Gauge(name, told, labels, registry=self._registry)

        def histogram(name: str, told: str, *labels: str) -> Histogram:
            return Histogram(name, told, labels, buckets=_LONG_S, registry=self._registry)

        self._depth = gauge("queue_depth", "Jobs that wait for their turn.", "tenant")
        self._active = gauge("worker_active_jobs", "Runs that workers have taken.", "pool")
        self._workers = gauge("workers_online", "Workers that are online.", "pool")
        self._running = gauge("jobs_running", "Jobs that had their turn and have not ended.")
        self._tenants = gauge("active_tenants", "Tenants that hold a place.")
        self._latency = histogram(
            "job_latency_seconds", "From a job's making to its end.", "kind", "outcome"
        )
        self._wait = histogram(
            "slot_wait_seconds",
            "From a job's making to its first start, earlier jobs of its branch included.",
            "kind",
        )

    async def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return await self._text.get()

    async def _read(self) -> bytes:
        await self._read_house()
        for end in await self._ends.new(self._client):
            self._latency.labels(end.kind, end.outcome.lower()).observe(end.took_s)
            if end.waited_s is not None:
                self._wait.labels(end.kind).observe(end.waited_s)
        return generate_latest(self._registry)

    async def _read_house(self) -> None:
        house = await self._board.house()
        for pool, count in house.workers.items():
            self._workers.labels(pool).set(count)
        for pool, count in house.at_work.items():
            self._active.labels(pool).set(count)
        self._running.set(house.jobs.running)
        self._tenants.set(house.active_tenants)
        known = [tenant.id for tenant in await list_tenants()]
        depths = dict.fromkeys(known, 0)
        if house.jobs.queued:
            depths = await queue_depths(self._client, known)
        self._depth.clear()
        for tenant, count in depths.items():
            self._depth.labels(tenant).set(count)
        self._depth.labels(_REMOVED).set(max(house.jobs.queued - sum(depths.values()), 0))
