"""Jobs through the door."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.states import Failed

from runs import labels
from runs.names import WAITING
from runs.records import JobRun
from tests.gateway.client import Client
from tests.gateway.door import Door
from tests.gateway.playing import accept, spec
from tests.workflows.server import on_server


@pytest.fixture
def client(door: Door, alone: str) -> Iterator[Client]:
    with Client(door.url, door.key(alone)) as client:
        yield client


@pytest.fixture
def raw(door: Door, alone: str) -> Iterator[httpx.Client]:
    with door.client(alone) as client:
        yield client


def queued(client: Client, jobs: int = 1) -> list[JobRun]:
    """Jobs of a workflow that has been accepted."""
    return accept(client.submit(spec(*["a.png"] * jobs)).id)


def fail(job: JobRun, message: str, error: str = "") -> None:
    """End the job's run as one that has failed."""

    async def act(client: PrefectClient) -> None:
        await client.update_flow_run_labels(UUID(job.id), {labels.ERROR: error})
        await client.set_flow_run_state(UUID(job.id), Failed(message=message), force=True)

    on_server(act)


def test_a_queued_job_says_why_it_waits(client: Client) -> None:
    (job,) = queued(client)
    shown = client.job(job.id)
    assert (shown.state, shown.reason, shown.waits) == ("PENDING", None, None)
    assert (shown.slide, shown.mpp, shown.branch, shown.number) == ("a.png", 0.5, "one", 1)
    assert (shown.started, shown.ended, shown.tiles, shown.attempt) == (None, None, None, 0)

    async def tag(prefect: PrefectClient) -> None:
        await prefect.update_flow_run(UUID(job.id), tags=[*job.tags, f"{WAITING}WORKER"])

    on_server(tag)
    shown = client.job(job.id)
    assert (shown.reason, shown.waits) == ("WORKER", "all workers are busy")


def test_why_it_failed_is_told_without_places(client: Client, house: Path, alone: str) -> None:
    (job,) = queued(client)
    place = house / alone / "slides" / "a.png"
    fail(job, f"Flow run encountered an exception: SlideUnreadable: {place} breaks",
         "SlideUnreadable")  # fmt: skip
    shown = client.job(job.id)
    assert shown.state == "FAILED"
    assert shown.error
    assert (shown.error.code, shown.error.message) == ("slide_unreadable", "a.png breaks")
    assert "upload" in shown.error.hint
    assert shown.ended


def test_what_is_not_the_inputs_fault_has_a_hint_too(client: Client) -> None:
    (job,) = queued(client)
    fail(job, "Flow run encountered an exception: EngineFailed: not finite")
    error = client.job(job.id).error
    assert error
    assert error.code == "job_failed"
    assert "tell the operator" in error.hint


def test_jobs_are_listed_by_state_and_workflow(client: Client) -> None:
    one, two, three = queued(client, 3)
    (other,) = queued(client)
    fail(two, "broken")
    assert {job.id for job in client.jobs()} == {one.id, two.id, three.id, other.id}
    assert [job.id for job in client.jobs(state="FAILED")] == [two.id]
    pending = {one.id, three.id, other.id}
    assert {job.id for job in client.jobs(state="PENDING")} == pending
    assert {job.id for job in client.jobs(workflow=one.workflow, state="PENDING")} == {
        one.id,
        three.id,
    }
    assert list(client.jobs(workflow=str(uuid4()))) == []


def test_pages_hold_each_job_once(client: Client) -> None:
    """A workflow's jobs are made at once: their times may be the same."""
    made = {job.id for job in queued(client, 5)}
    for limit in (1, 2, 5):
        read = [job.id for job in client.jobs(limit=limit)]
        assert len(read) == len(set(read)) == 5
        assert set(read) == made


def test_cancel_and_retry(client: Client, raw: httpx.Client) -> None:
    (job,) = queued(client)
    refused = raw.post(f"/jobs/{job.id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "retry_refused")
    cancelled = raw.post(f"/jobs/{job.id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "CANCELLED")
    again = raw.post(f"/jobs/{job.id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "already_ended")
    retried = raw.post(f"/jobs/{job.id}/retry")
    assert (retried.status_code, retried.json()["state"]) == (202, "PENDING")
    assert retried.json()["ended"] is None


_ROUTES = [
    ("GET", "/workflows/{workflow}"),
    ("GET", "/workflows/{workflow}/spec"),
    ("POST", "/workflows/{workflow}/cancel"),
    ("GET", "/jobs/{job}"),
    ("POST", "/jobs/{job}/cancel"),
    ("POST", "/jobs/{job}/retry"),
    ("GET", "/jobs/{job}/result"),
    ("GET", "/jobs/{job}/result/summary.json"),
]


def test_anothers_is_as_good_as_not_there(door: Door, client: Client) -> None:
    (job,) = queued(client)
    theirs = {"workflow": job.workflow, "job": job.id}
    nobodys = {"workflow": str(uuid4()), "job": str(uuid4())}
    swapped = {"workflow": job.id, "job": job.workflow}
    with door.client("bob") as bob, door.client("") as operator, door.client(None) as nobody:
        for method, path in _ROUTES:
            answers = [
                bob.request(method, path.format(**ids)) for ids in (theirs, nobodys, swapped)
            ]
            assert {answer.status_code for answer in answers} == {404}, path
            assert len({answer.text for answer in answers}) == 1, path
            assert operator.request(method, path.format(**theirs)).status_code == 403
            assert nobody.request(method, path.format(**theirs)).status_code == 401
        assert bob.get("/jobs", params={"workflow": job.workflow}).json()["items"] == []
    assert client.job(job.id).state == "PENDING"
