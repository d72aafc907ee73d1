"""Figures for Prometheus, as Prometheus reads them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.states import Cancelled, Completed, Failed, Running
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import UPLOAD_BYTES, WEBSOCKETS
from gateway.settings import GatewaySettings
from runs.states import queued
from tests.gateway.door import Door, open_door
from tests.runs.made import make_workflow, put, unique
from tests.workflows.server import add_tenant, on_server

METRICS = "/metrics"


class Figures:
    """What a scrape has found."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """A figure; 0 where there is none yet."""
        found = [
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found)


@pytest.fixture
def fresh(house: Path) -> Iterator[Door]:
    """A door that looks anew each time."""
    with open_door(GatewaySettings(key_cache_s=0, status_cache_s=0)) as door:
        yield door


def _scrape(door: Door) -> Figures:
    with door.client("") as client:
        answer = client.get(METRICS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return Figures(answer.text)


def test_the_queue_by_tenant_and_runs_by_pool(fresh: Door, tmp_path: Path) -> None:
    tenant, stranger = unique("tenant"), unique("gone")
    (tmp_path / tenant).mkdir()
    on_server(lambda _: add_tenant(tenant, tmp_path / tenant))
    before = _scrape(fresh)

    async def work(client: PrefectClient) -> None:
        made = await make_workflow(client, {"left": ["a", "b", "c"]}, tenant)
        await put(client, made.jobs["a"], Running())
        await make_workflow(client, {"left": ["a"]}, stranger)

    on_server(work)
    after = _scrape(fresh)
    assert after("queue_depth", tenant=tenant) == 2
    assert after("queue_depth", tenant="bob") == before("queue_depth", tenant="bob")
    removed = [each("queue_depth", tenant="(removed)") for each in (before, after)]
    assert removed[1] - removed[0] == 1
    assert not after("queue_depth", tenant=stranger)
    active = [each("worker_active_jobs", pool="jobs") for each in (before, after)]
    assert active[1] - active[0] == 1
    assert after("jobs_running") - before("jobs_running") == 1


def test_each_end_of_a_job_is_observed_once(fresh: Door) -> None:
    async def end(client: PrefectClient) -> str:
        made = await make_workflow(client, {"left": ["a", "b", "c", "d"]})
        await put(client, made.jobs["a"], Running(), attempt=1)
        await put(client, made.jobs["a"], Completed())
        await put(client, made.jobs["b"], Failed(), error="SlideUnreadable")
        await put(client, made.jobs["c"], Cancelled())
        return made.jobs["b"]

    _scrape(fresh)
    failed = on_server(end)
    found = [_scrape(fresh), _scrape(fresh)]
    for figures in found:
        ends = {
            outcome: figures("job_latency_seconds_count", kind="tissue_mask", outcome=outcome)
            for outcome in ("succeeded", "failed", "cancelled", "skipped")
        }
        assert ends == {"succeeded": 1, "failed": 1, "cancelled": 1, "skipped": 0}
        assert figures("slot_wait_seconds_count", kind="tissue_mask") == 1

    async def again(client: PrefectClient) -> None:
        await put(client, failed, queued(), error="")
        await put(client, failed, Running())
        await put(client, failed, Completed())

    on_server(again)
    figures = _scrape(fresh)
    assert figures("job_latency_seconds_count", outcome="succeeded") == 2
    assert figures("job_latency_seconds_count", outcome="failed") == 1


def test_what_is_going_to_be_tried_again_has_not_ended(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slideloom.settings import settings

    monkeypatch.setenv("SLIDELOOM_JOB_RETRIES", "1")
    settings.cache_clear()

    async def end(client: PrefectClient) -> None:
        made = await make_workflow(client, {"left": ["a", "b"]})
        await put(client, made.jobs["a"], Failed())
        await put(client, made.jobs["b"], Failed(), retries=1)

    with open_door(GatewaySettings(key_cache_s=0, status_cache_s=0)) as door:
        on_server(end)
        assert _scrape(door)("job_latency_seconds_count") == 1


def test_requests_are_counted_by_the_template_of_their_route(fresh: Door) -> None:
    before = _scrape(fresh)
    secret = uuid4().hex
    with fresh.client("alice") as client:
        client.get("/me")
        client.get(f"/nowhere/{secret}", params={"key": secret})
        client.request(f"X{secret}", "/me")
        text = client.get(METRICS)
    assert text.status_code == 403
    after = _scrape(fresh)

    def more(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert more("http_requests_total", route="/api/v1/me", method="GET", status="200") == 1
    assert more("http_request_seconds_count", route="/api/v1/me", method="GET") == 1
    assert more("http_requests_total", route="unmatched", status="404") == 1
    assert more("http_requests_total", route="/api/v1/metrics", status="403") == 1
    assert not any(secret in str(sample.labels) for sample in after.samples)


def test_other_parts_count_here_too(fresh: Door) -> None:
    before = _scrape(fresh)
    UPLOAD_BYTES.inc(1000)
    WEBSOCKETS.inc()
    after = _scrape(fresh)
    WEBSOCKETS.dec()
    assert after("upload_bytes_total") - before("upload_bytes_total") == 1000
    assert after("websockets_open") - before("websockets_open") == 1
