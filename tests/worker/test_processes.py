"""Workers start, die, are stopped, and outlive their server."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.helpers.processes import ended
from tests.helpers.stack import Stack
from tests.helpers.waiting import PATIENCE_S, wait_until
from tests.worker.conftest import POOL
from tests.worker.house import Api, Run, Worker, import_folder, worker_command, working


def _begin(api: Api, pool: str, folder: Path, flow: str = "wait") -> Run:
    folder.mkdir()
    given = {"began": str(folder / "began"), "until": str(folder / "until")}
    if flow == "wait":
        given["left"] = str(folder / "left")
    run = api.start(api.deploy(pool, flow), **given)
    wait_until((folder / "began").exists)
    return run.reaches("RUNNING")


def _refusal(server: Stack, pool: str, name: str) -> tuple[int, str]:
    """Exit code and what a worker says that does not start."""
    done = subprocess.run(
        worker_command(pool, "--name", name),
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    return done.returncode, line


def test_orphans_of_a_killed_worker(server: Stack, api: Api, tmp_path: Path) -> None:
    api.make_pool("orphans")
    (import_folder(server) / "import_goes_on").unlink(missing_ok=True)
    with working(server, "orphans", name="phoenix") as first:
        running = _begin(api, "orphans", tmp_path / "running")
        cancelling = _begin(api, "orphans", tmp_path / "cancelling", "block")
        pending = api.start(api.deploy("orphans", "nothing", module="slow_import"))
        pending.reaches("PENDING")
        # A live worker's runs are no orphans: a second one of the same name is refused.
        code, said = _refusal(server, "orphans", "phoenix")
        assert code == 2
        assert "'phoenix' of the pool 'orphans' is running already" in said
        cancelling.set("CANCELLING")
        first.signal(signal.SIGKILL)
        first.ends()
    assert (running.state, cancelling.state, pending.state) == (
        "RUNNING",
        "CANCELLING",
        "PENDING",
    )
    with working(server, "orphans", name="phoenix"):
        for run in (running, pending):
            assert (run.state, run.message) == ("CRASHED", "Its worker died.")
        assert cancelling.state == "CANCELLED"


def test_drain(server: Stack, api: Api, tmp_path: Path) -> None:
    api.make_pool("drained")
    with working(server, "drained", "--grace", "3") as worker:
        ends = _begin(api, "drained", tmp_path / "ends")
        goes_on = _begin(api, "drained", tmp_path / "goes_on")
        worker.signal(signal.SIGTERM)
        wait_until(lambda: "claims no more runs" in worker.log.read_text())
        late = api.start(api.deploy("drained", "nothing"))
        (tmp_path / "ends" / "until").touch()
        assert worker.ends() == 0
    assert (ends.state, late.state) == ("COMPLETED", "SCHEDULED")
    assert (tmp_path / "goes_on" / "left").read_text() == "cancelled"
    assert goes_on.state == "CRASHED"
    assert "worker stopped" in goes_on.message


def test_second_signal_ends_at_once(server: Stack, api: Api, tmp_path: Path) -> None:
    api.make_pool("hurried")
    with working(server, "hurried", "--grace", "600") as worker:
        run = _begin(api, "hurried", tmp_path / "run", "block")
        worker.signal(signal.SIGINT)
        wait_until(lambda: "claims no more runs" in worker.log.read_text())
        worker.signal(signal.SIGINT)
        assert worker.ends() == 128 + signal.SIGINT
    assert run.state == "RUNNING"


def test_run_that_does_not_stop_does_not_hold_the_worker(
    server: Stack, api: Api, tmp_path: Path
) -> None:
    api.make_pool("stuck")
    with working(server, "stuck", "--grace", "0", "--stopping", "0") as worker:
        run = _begin(api, "stuck", tmp_path / "run", "block")
        worker.signal(signal.SIGTERM)
        assert worker.ends() == 1
        assert "Did not stop" in worker.log.read_text()
    assert run.state == "CRASHED"


def test_server_restarted_in_mid_run(
    server: Stack, api: Api, worker: Worker, tmp_path: Path
) -> None:
    goes_on = _begin(api, POOL, tmp_path / "goes_on")
    ends = _begin(api, POOL, tmp_path / "ends")
    code, told = worker.health()
    assert (code, told["worker"], told["pool"]) == (200, worker.name, POOL)
    assert {goes_on.id, ends.id} <= set(told["runs"])
    server.stop()
    try:
        # This run ends while nobody listens.
        (tmp_path / "ends" / "until").touch()
        wait_until(lambda: "is away" in worker.log.read_text())
        wait_until(lambda: worker.health()[1]["status"] == "silent")
        assert worker.health()[0] == 503
    finally:
        server.start()
    wait_until(lambda: worker.health()[0] == 200)
    assert ends.ends() == "COMPLETED"
    assert goes_on.state == "RUNNING"
    (tmp_path / "goes_on" / "until").touch()
    assert goes_on.ends() == "COMPLETED"
    assert api.start(api.deploy(POOL, "nothing")).ends() == "COMPLETED"


def test_database_restarted_in_mid_run(
    server: Stack, api: Api, worker: Worker, tmp_path: Path
) -> None:
    run = _begin(api, POOL, tmp_path / "run")
    server.restart_database()
    (tmp_path / "run" / "until").touch()
    assert run.ends() == "COMPLETED"
    assert api.start(api.deploy(POOL, "nothing")).ends() == "COMPLETED"
    assert worker.process.poll() is None


def _hear_sigint() -> None:
    """Prefect's own command ends by a SIGINT to itself; whoever runs the tests may ignore those."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_started_by_prefect(server: Stack, api: Api, tmp_path: Path) -> None:
    """`prefect worker start` finds the type by its entry point."""
    installed = tmp_path / "installed" / "warm_type-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: warm-type\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "[prefect.collections]\nwarm_type = deployments.worker.worker\n"
    )
    environment = server.environment
    environment["PYTHONPATH"] += f":{installed.parent}"
    command = ["worker", "start", "--pool", "by-prefect", "--type", "warm", "--name", "theirs"]
    api.make_pool("by-prefect")
    started = subprocess.Popen(
        [sys.executable, "-m", "prefect", *command], env=environment, preexec_fn=_hear_sigint
    )
    with ended(started) as worker:
        run = _begin(api, "by-prefect", tmp_path / "run")
        worker.terminate()
        (tmp_path / "run" / "until").touch()
        worker.wait(PATIENCE_S)
    assert run.state == "COMPLETED"
