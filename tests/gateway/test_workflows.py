"""Workflows through the door."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from prefect.client.orchestration import PrefectClient

from gateway.problems import MEDIA_TYPE
from gateway.settings import GatewaySettings
from runs.names import RUN_WORKFLOW, tenant_tag
from slideloom.scheduling.text import MAX_BYTES
from tests.gateway.client import Client
from tests.gateway.counting import counted
from tests.gateway.door import Door, open_door
from tests.gateway.playing import Spec, accept, run_jobs, spec
from tests.workflows.server import add_tenant, on_server


def made_for(tenant: str) -> int:
    """How many runs of workflows are the tenant's."""

    async def count(client: PrefectClient) -> int:
        wanted = {
            "flow_runs": {"tags": {"all_": [tenant_tag(tenant)]}},
            "deployments": {"name": {"any_": [RUN_WORKFLOW.split("/")[1]]}},
        }
        return int((await client.request("POST", "/flow_runs/count", json=wanted)).json())

    return on_server(count)


@pytest.fixture
def alice(door: Door) -> Iterator[httpx.Client]:
    with door.client("alice") as client:
        yield client


def test_json_and_yaml_are_the_same(alice: httpx.Client) -> None:
    text = yaml.safe_dump(spec())
    for body, kind in (
        (None, None),
        (text, "application/yaml"),
        (text, "text/yaml; charset=utf-8"),
    ):
        given: dict[str, Any] = (
            {"json": spec()}
            if body is None
            else {"content": body, "headers": {"Content-Type": kind}}
        )
        answer = alice.post("/workflows", **given)
        assert answer.status_code == 202, answer.text
        shown = answer.json()
        assert answer.headers["location"] == f"/api/v1/workflows/{shown['id']}"
        assert (shown["state"], shown["jobs_total"]) == ("PENDING", 1)
        again = yaml.safe_load(alice.get(f"/workflows/{shown['id']}/spec").text)
        assert again == {"tenant": "alice", **spec()}


def test_another_tenants_name_in_the_body_is_refused(alice: httpx.Client) -> None:
    answer = alice.post("/workflows", json=spec(tenant="bob"))
    assert (answer.status_code, answer.json()["code"]) == (422, "tenant_mismatch")
    assert alice.post("/workflows", json=spec(tenant="alice")).status_code == 202


def segmentation(**given: Any) -> Spec:
    stated = spec()
    stated["branches"][0]["jobs"] = [
        {"kind": "segment_cells", "slide": "a.png", "mpp": 0.5, **given}
    ]
    return stated


REFUSED: list[tuple[Any, str]] = [
    (spec("c.png"), "c.png is not there"),
    (spec("../../bob/slides/a.png"), "outside"),
    (spec("/etc/hostname"), "outside"),
    (spec("a.png\0"), "control characters"),
    (spec("x" * 300), "is not there"),
    (segmentation(model="nobodys"), "'nobodys' is not on this server"),
    (segmentation(model="/etc/hostname"), "is a path"),
    (segmentation(model="../x"), "is a path"),
    (segmentation(tissue="mask.png"), "mask.png is not there"),
    (spec(more=1), "is not a field"),
    (spec(branches=[]), "at least one branch"),
    ([1], "must be a mapping"),
]


def test_what_cannot_be_run_is_refused_before_anything_is_made(
    alice: httpx.Client, house: Path
) -> None:
    before = made_for("alice")
    for stated, told in REFUSED:
        answer = alice.post("/workflows", json=stated)
        assert answer.status_code == 422, stated
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert told in answer.json()["detail"]
        assert str(house) not in answer.text
    assert made_for("alice") == before


def test_a_tenants_default_model_is_looked_for(house: Path, alone: str) -> None:
    on_server(lambda _: add_tenant(alone, house / alone, default_model="gone"))
    with open_door() as door, door.client(alone) as alice:
        assert "'gone'" in alice.post("/workflows", json=segmentation()).json()["detail"]
        assert alice.post("/workflows", json=spec()).status_code == 202


def test_bodies_are_bounded_by_what_comes(alice: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2 * MAX_BYTES // 1000):
            yield b" " * 1000

    answer = alice.post("/workflows", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    headers = {"Content-Type": "image/png"}
    answer = alice.post("/workflows", content=b"\x89PNG", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    answer = alice.post("/workflows", content=b"\xff\xfe{")
    assert (answer.status_code, answer.json()["code"]) == (422, "spec_unreadable")


def test_fifty_at_once_with_one_key_are_one_workflow(door: Door, alone: str) -> None:
    with door.client(alone) as client, ThreadPoolExecutor(50) as pool:
        headers = {"Idempotency-Key": "one"}
        posts = [
            pool.submit(client.post, "/workflows", json=spec(), headers=headers) for _ in range(50)
        ]
        answers = [post.result() for post in posts]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert made_for(alone) == 1


def test_a_submission_asks_prefect_three_times(door: Door, alone: str) -> None:
    with door.client(alone) as client:
        headers = {"Idempotency-Key": "one"}
        client.post("/workflows", json=spec(), headers=headers)
        with counted() as asked:
            for key in ("one", "two"):
                answer = client.post("/workflows", json=spec(), headers={"Idempotency-Key": key})
                assert answer.status_code == 202
    runs = {path: times for path, times in asked.items() if path.startswith(("flow", "deploy"))}
    made = sum(times for path, times in runs.items() if path.endswith("/create_flow_run"))
    assert (made, runs["flow_runs/count"], sum(runs.values())) == (2, 4, 6)


def test_a_key_stands_for_one_spec_of_one_tenant(door: Door, house: Path, alone: str) -> None:
    headers = {"Idempotency-Key": "mine"}
    with door.client(alone) as client, door.client("alice") as alice:
        first = client.post("/workflows", json=spec(), headers=headers).json()["id"]
        other = client.post("/workflows", json=spec(name="other"), headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "key_taken")
        theirs = alice.post("/workflows", json=spec(), headers=headers)
        assert theirs.status_code == 202
        assert theirs.json()["id"] != first
        (house / alone / "slides" / "a.png").unlink()
        again = client.post("/workflows", json=spec(), headers=headers)
        assert (again.status_code, again.json()["id"]) == (202, first)
        for bad in ("", "a b", "é".encode(), "x" * 129):
            answer = client.post("/workflows", json=spec(), headers={"Idempotency-Key": bad})
            assert answer.status_code == 422


def test_too_many_open_ones_wait_outside(house: Path, alone: str) -> None:
    stated = GatewaySettings(key_cache_s=0, open_workflows=2, open_jobs=3)
    with open_door(stated) as door, door.client(alone) as client:
        one, _ = (client.post("/workflows", json=spec()) for _ in range(2))
        for post in (spec(), spec(*["a.png"] * 4)):
            refused = client.post("/workflows", json=post)
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_open")
            assert int(refused.headers["retry-after"]) > 0
        client.post(f"/workflows/{one.json()['id']}/cancel")
        refused = client.post("/workflows", json=spec(*["a.png"] * 4))
        assert refused.status_code == 429
        assert client.post("/workflows", json=spec()).status_code == 202
    assert made_for(alone) == 3


def test_of_many_at_once_none_slips_past_the_bound(house: Path, alone: str) -> None:
    stated = GatewaySettings(key_cache_s=0, open_workflows=3)
    with (
        open_door(stated) as door,
        door.client(alone) as client,
        ThreadPoolExecutor(12) as pool,
    ):
        posts = [pool.submit(client.post, "/workflows", json=spec()) for _ in range(12)]
        answers = [post.result().status_code for post in posts]
    assert set(answers) <= {202, 429}
    assert made_for(alone) == answers.count(202) <= 3


def test_pages_stand_still_while_new_ones_come(door: Door, alone: str) -> None:
    with Client(door.url, door.key(alone)) as client:
        made = [client.submit(spec(name=f"w{number}")).id for number in range(5)]
        read = []
        for number, line in enumerate(client.workflows(limit=2)):
            read.append(line.id)
            client.submit(spec(name=f"late{number}"))
    assert read == made[::-1]


def test_open_ones_alone(door: Door, alone: str) -> None:
    with Client(door.url, door.key(alone)) as client, door.client(alone) as raw:
        one, two = (client.submit(spec()).id for _ in range(2))
        raw.post(f"/workflows/{one}/cancel")
        assert [line.id for line in client.workflows(open="true")] == [two]
        assert [line.id for line in client.workflows()] == [two, one]
        for wrong in ({"limit": 101}, {"limit": 0}, {"cursor": "x"}, {"open": "perhaps"}):
            assert raw.get("/workflows", params=wrong).status_code == 422


def test_cancelling_is_told_and_done_once(door: Door, alone: str) -> None:
    with door.client(alone) as client:
        workflow = client.post("/workflows", json=spec()).json()["id"]
        answer = client.post(f"/workflows/{workflow}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (202, "CANCELLED")
        again = client.post(f"/workflows/{workflow}/cancel")
        assert (again.status_code, again.json()["code"]) == (409, "already_ended")


def test_what_the_content_tells_is_told_by_the_workflow(
    door: Door, house: Path, alone: str
) -> None:
    (house / alone / "slides" / "b.png").write_bytes(b"no slide")
    with Client(door.url, door.key(alone)) as client:
        workflow = client.submit(spec("b.png")).id
        accept(workflow)
        error = client.workflow(workflow).error
    assert error
    assert (error.code, error.message.split()[0]) == ("workflow_refused", "b.png")
    assert str(house) not in error.message


def test_a_workflow_and_its_jobs_go_by_the_spec_and_not_by_tags(door: Door, alone: str) -> None:
    """As the dispatcher does: whoever can set tags and labels gives nothing away."""
    with Client(door.url, door.key(alone)) as client:
        workflow = client.submit(spec()).id
        (job,) = accept(workflow)

    async def forge(client: PrefectClient) -> None:
        for run in (workflow, job.id):
            there = await client.read_flow_run(UUID(run))
            tags = [*there.tags, tenant_tag("bob")]
            await client.update_flow_run(UUID(run), tags=tags)
        await client.update_flow_run_labels(UUID(job.id), {"slideloom.tenant": "bob"})

    on_server(forge)
    with door.client("bob") as bob:
        assert workflow not in bob.get("/workflows").text
        assert job.id not in bob.get("/jobs").text
        for path in (f"/workflows/{workflow}", f"/jobs/{job.id}", f"/jobs/{job.id}/result"):
            assert bob.get(path).status_code == 404
    with door.client(alone) as client:
        assert client.get(f"/workflows/{workflow}").status_code == 200
        assert client.get(f"/jobs/{job.id}").status_code == 404

    async def remove(client: PrefectClient) -> None:  # others count by tags
        for run in (job.id, workflow):
            await client.delete_flow_run(UUID(run))

    on_server(remove)


def test_a_workflow_ends_as_its_jobs_do(door: Door, alone: str) -> None:
    with Client(door.url, door.key(alone)) as client:
        workflow = client.submit(spec()).id
        accept(workflow)
        assert client.workflow(workflow).state == "RUNNING"
        run_jobs(workflow)
        shown = client.workflow(workflow)
        assert (shown.state, shown.jobs_ended, shown.error) == ("SUCCEEDED", 1, None)
