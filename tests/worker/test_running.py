"""Flow runs in a warm worker behave as in any other, and share their process."""

from pathlib import Path

import pytest

from tests.helpers.waiting import wait_until
from tests.worker.conftest import POOL
from tests.worker.house import Api, Worker

pytestmark = pytest.mark.usefixtures("worker")


def test_says_that_it_is_ready(worker: Worker) -> None:
    assert worker.said == b"READY=1"


def test_runs_share_modules_but_no_context(api: Api, tmp_path: Path) -> None:
    deployment = api.deploy(POOL, "count")
    seen = []
    for number in (1, 2):
        out = tmp_path / str(number)
        assert api.start(deployment, out=str(out)).ends() == "COMPLETED"
        seen.append(out.read_text().split())
    assert int(seen[1][0]) == int(seen[0][0]) + 1
    assert seen[0][1] == seen[1][1] == "''"


def test_runs_side_by_side(api: Api, tmp_path: Path) -> None:
    deployment = api.deploy(POOL, "meet")
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    runs = [api.start(deployment, mine=one, other=two), api.start(deployment, mine=two, other=one)]
    assert [run.ends() for run in runs] == ["COMPLETED", "COMPLETED"]


@pytest.mark.parametrize("flow", ["block", "block_loop"])
def test_blocking_code_holds_up_nobody(api: Api, tmp_path: Path, flow: str) -> None:
    began, until = tmp_path / "began", tmp_path / "until"
    blocking = api.start(api.deploy(POOL, flow), began=str(began), until=str(until))
    wait_until(began.exists)
    assert api.start(api.deploy(POOL, "nothing")).ends() == "COMPLETED"
    assert blocking.state == "RUNNING"
    until.touch()
    assert blocking.ends() == "COMPLETED"


def test_failure(api: Api) -> None:
    run = api.start(api.deploy(POOL, "fail"))
    assert run.ends() == "FAILED"
    assert "this is what broke" in run.message
    wait_until(lambda: "about to fail" in run.logs())


def test_prefect_s_own_retries(api: Api, tmp_path: Path) -> None:
    run = api.start(api.deploy(POOL, "fail_once"), marker=str(tmp_path / "marker"))
    run.reaches("COMPLETED")
    assert run.read()["run_count"] == 2


def test_flow_that_suspends_itself_goes_on_when_it_is_resumed(api: Api, tmp_path: Path) -> None:
    run = api.start(api.deploy(POOL, "suspend_once"), marker=str(tmp_path / "marker"))
    run.reaches("PAUSED")
    assert api.post(f"/flow_runs/{run.id}/resume", {})["status"] == "ACCEPT"
    assert run.ends() == "COMPLETED"
    assert [state["name"] for state in run.history()] == [
        "Scheduled",
        "Pending",
        "Running",
        "Awaiting jobs",
        "Resuming",
        "Pending",
        "Running",
        "Completed",
    ]


def test_everything_that_flows_use(api: Api, worker: Worker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = api.start(
        api.deploy(POOL, "everything"),
        {"slideloom.admitted": "a state"},
        number=4,
        names=["a", "b"],
        out=str(out),
    )
    assert run.ends() == "COMPLETED"
    assert out.read_text() == f"{run.id} 4 everything-on-shared a,b a state"
    now = run.read()
    assert now["labels"]["prefect.worker.name"] == worker.name
    assert now["infrastructure_pid"].startswith(f"{worker.name}:")
    # The result is stored where the state says.
    assert Path(now["state"]["data"]["storage_key"]).exists()
    (subflow,) = run.children()
    assert (subflow["state_type"], subflow["parameters"]) == ("COMPLETED", {"number": 4})
    wanted = {"artifacts": {"flow_run_id": {"any_": [run.id]}}}
    assert "everything" in [found["key"] for found in api.post("/artifacts/filter", wanted)]
    wait_until(lambda: {"printed 4", "doubling 4"} <= set(run.logs().splitlines()))
    wait_until(lambda: _heartbeats(api, run.id) > 0)


def _heartbeats(api: Api, run_id: str) -> int:
    wanted = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        }
    }
    return int(api.post("/events/filter", wanted)["total"])


def test_changed_entrypoint_is_picked_up(api: Api, tmp_path: Path) -> None:
    deployment = api.deploy(POOL, "api_calls")
    assert api.start(deployment, count=1).ends() == "COMPLETED"
    api.patch(f"/deployments/{deployment}", {"entrypoint": "warm_flows.count"})
    out = tmp_path / "out"
    assert api.start(deployment, out=str(out)).ends() == "COMPLETED"
    assert out.exists()


@pytest.mark.parametrize(
    ("entrypoint", "said"),
    [
        ("warm_flows.absent", "absent"),
        ("flows/x.py:f", "importable path"),
        (None, "importable path"),
    ],
)
def test_unusable_entrypoint(api: Api, entrypoint: str | None, said: str) -> None:
    deployment = api.deploy(POOL, "nothing")
    api.patch(f"/deployments/{deployment}", {"entrypoint": entrypoint})
    run = api.start(deployment)
    assert run.ends() == "CRASHED"
    assert said in run.message
