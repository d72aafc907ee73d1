"""Figures for Prometheus; only operators may see them, for they name tenants."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.callers import OperatorCaller
from gateway.job_metrics import JobMetrics
from gateway.metrics import CACHE_BYTES, REGISTRY

router = APIRouter(tags=["metrics"])


class MetricsText(Response):
    """Text as Prometheus reads it."""

    media_type = "text/plain"


@router.get("/metrics", response_class=MetricsText)
async def metrics(_: OperatorCaller, request: Request) -> MetricsText:
    """Queue, workers, jobs that have ended, and requests; for an operator's Prometheus."""
    state = request.app.state
    jobs: JobMetrics = state.job_metrics
    for what, nbytes in (state.room.cache_bytes | state.slide_viewer.cache_bytes).items():
        CACHE_BYTES.labels(what).set(nbytes)
    text = await jobs.text() + generate_latest(REGISTRY)
    return MetricsText(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
