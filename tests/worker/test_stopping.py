"""Runs are told to stop when they are cancelled, and when they are nobody's or somebody else's."""

from pathlib import Path

import pytest

from tests.helpers.stack import Stack
from tests.helpers.waiting import wait_until
from tests.worker.conftest import POOL
from tests.worker.house import Api, Run, Worker, import_folder, working

pytestmark = pytest.mark.usefixtures("worker")


def _begin(api: Api, tmp_path: Path, flow: str = "wait") -> Run:
    """A run that waits for the file `until` and writes `left` when it is cut short."""
    began = tmp_path / "began"
    given = {"began": str(began), "until": str(tmp_path / "until")}
    if flow.startswith("wait"):
        given["left"] = str(tmp_path / "left")
    run = api.start(api.deploy(POOL, flow), **given)
    wait_until(began.exists)
    return run.reaches("RUNNING")


def test_cancelled_run_ends_cancelled(api: Api, tmp_path: Path) -> None:
    run = _begin(api, tmp_path)
    run.set("CANCELLING")
    run.reaches("CANCELLED")
    assert (tmp_path / "left").read_text() == "cancelled"
    assert "nothing was committed" in run.message
    assert [state["type"] for state in run.history()][-3:] == ["RUNNING", "CANCELLING", "CANCELLED"]


def test_cancellation_hook_runs(api: Api, tmp_path: Path) -> None:
    run = _begin(api, tmp_path, "wait_with_hook")
    run.set("CANCELLING")
    run.reaches("CANCELLED")
    assert (tmp_path / "left").read_text() == "hook"


def test_subflow_is_cancelled_with_its_parent(api: Api, tmp_path: Path) -> None:
    run = _begin(api, tmp_path, "outer")
    run.set("CANCELLING")
    run.reaches("CANCELLED")
    wait_until(lambda: run.children()[0]["state_type"] == "CANCELLED")


@pytest.mark.parametrize("flow", ["block", "stubborn"])
def test_run_that_cannot_stop_is_cancelled_when_it_has_ended(
    api: Api, tmp_path: Path, flow: str
) -> None:
    run = _begin(api, tmp_path, flow)
    run.set("CANCELLING")
    if flow == "stubborn":
        wait_until((tmp_path / "began.asked").exists)
    assert run.state == "CANCELLING"
    (tmp_path / "until").touch()
    assert run.ends() == "CANCELLED"


def test_cancelled_between_claim_and_start(server: Stack, api: Api) -> None:
    go_on = import_folder(server) / "import_goes_on"
    go_on.unlink(missing_ok=True)
    run = api.start(api.deploy(POOL, "nothing", module="slow_import")).reaches("PENDING")
    run.set("CANCELLING")
    # Other runs do not wait for this import.
    assert api.start(api.deploy(POOL, "api_calls"), count=1).ends() == "COMPLETED"
    go_on.touch()
    assert run.ends() == "CANCELLED"
    assert "RUNNING" not in [state["type"] for state in run.history()]


def test_queued_again_before_it_started(server: Stack, api: Api) -> None:
    go_on = import_folder(server) / "import_goes_on_2"
    run = api.start(api.deploy(POOL, "nothing", module="slow_import_2")).reaches("PENDING")
    run.set("PAUSED", force=True, name="Queued", state_details={"pause_reschedule": True})
    go_on.touch()
    assert api.start(api.deploy(POOL, "api_calls"), count=1).ends() == "COMPLETED"
    assert run.history()[-1]["name"] == "Queued"


def test_cancelled_before_anybody_claimed_it(api: Api) -> None:
    api.make_pool("nobody")
    run = api.start(api.deploy("nobody", "nothing"))
    run.set("CANCELLING")
    assert run.state == "CANCELLED"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("CRASHED", {"message": "reaped"}),
        ("FAILED", {"message": "by hand"}),
        ("PAUSED", {"name": "Queued", "state_details": {"pause_reschedule": True}}),
    ],
)
def test_run_that_was_taken_away_stops_and_keeps_its_state(
    api: Api, tmp_path: Path, kind: str, more: dict[str, object]
) -> None:
    run = _begin(api, tmp_path)
    run.set(kind, force=True, **more)
    decided = run.read()["state"]["id"]
    wait_until((tmp_path / "left").exists)
    # The same process has a free slot again, and says nothing more of the run.
    assert api.start(api.deploy(POOL, "nothing")).ends() == "COMPLETED"
    assert run.read()["state"]["id"] == decided


def test_newer_attempt_stops_the_older(api: Api, tmp_path: Path) -> None:
    run = _begin(api, tmp_path)
    running = run.read()["state"]["id"]
    api.patch(f"/flow_runs/{run.id}/labels", {"slideloom.attempt": 7})
    wait_until((tmp_path / "left").exists)
    assert api.start(api.deploy(POOL, "nothing")).ends() == "COMPLETED"
    assert run.read()["state"]["id"] == running


def test_late_end_does_not_overwrite_what_was_decided(api: Api, tmp_path: Path) -> None:
    run = _begin(api, tmp_path, "block")
    run.set("CRASHED", force=True, message="reaped")
    (tmp_path / "until").touch()
    wait_until(lambda: "Finished in state" in run.logs())
    assert (run.state, run.message) == ("CRASHED", "reaped")


def test_requeued_run_is_run_again_by_the_same_worker(api: Api, tmp_path: Path) -> None:
    run = _begin(api, tmp_path)
    run.set("SCHEDULED", force=True)
    wait_until((tmp_path / "left").exists)
    (tmp_path / "until").touch()
    assert run.ends() == "COMPLETED"
    types = [state["type"] for state in run.history()]
    assert types == ["SCHEDULED", "PENDING", "RUNNING"] * 2 + ["COMPLETED"]


def test_gate_of_the_jobs_pool(server: Stack, api: Api) -> None:
    api.make_pool("jobs")
    with working(server, "jobs"):
        run = api.start(api.deploy("jobs", "nothing"))
        assert run.ends() == "FAILED"
    assert [state["name"] for state in run.history()] == ["Scheduled", "Not admitted"]


def test_worker_of_two_does_not_run_it_twice(
    server: Stack, api: Api, worker: Worker, tmp_path: Path
) -> None:
    deployment = api.deploy(POOL, "nothing")
    with working(server, POOL) as other:
        runs = [api.start(deployment) for _ in range(6)]
        assert {run.ends() for run in runs} == {"COMPLETED"}
    names = [[state["name"] for state in run.history()] for run in runs]
    assert names == [["Scheduled", "Pending", "Running", "Completed"]] * 6
    claimed = {run.read()["labels"]["prefect.worker.name"] for run in runs}
    assert claimed <= {worker.name, other.name}
