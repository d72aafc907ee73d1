"""What the tests ask of the server, and workers as child processes."""

import re
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.helpers.stack import Stack
from tests.helpers.waiting import PATIENCE_S, wait_until

ON_PATH = Path(__file__).parent / "on_path"
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def import_folder(server: Stack) -> Path:
    """Where the slow modules look whether their import may go on."""
    return Path(server.environment["SLIDELOOM_HOME"])


class Api:
    """What the tests ask of the server, without Prefect's client."""

    def __init__(self, url: str) -> None:
        # No connection is kept: the server is restarted now and then.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(base_url=url, timeout=30, limits=limits)

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        answer = self._http.request(method, path, **given)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, json=body)

    def get(self, path: str, **params: str) -> Any:
        return self._ask("GET", path, params=params)

    def patch(self, path: str, body: dict[str, Any]) -> None:
        self._ask("PATCH", path, json=body)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def make_pool(self, name: str, kind: str = "warm") -> None:
        self.post("/work_pools/", {"name": name, "type": kind})

    def deploy(self, pool: str, flow: str, module: str = "warm_flows") -> str:
        """Id of a deployment of a flow in `on_path`."""
        flow_id = self.post("/flows/", {"name": flow})["id"]
        wanted = {
            "name": f"{flow}-on-{pool}",
            "flow_id": flow_id,
            "entrypoint": f"{module}.{flow}",
            "work_pool_name": pool,
        }
        return str(self.post("/deployments/", wanted)["id"])

    def start(self, deployment: str, labels: dict[str, Any] | None = None, **given: Any) -> "Run":
        wanted = {"state": {"type": "SCHEDULED"}, "parameters": given, "labels": labels or {}}
        made = self.post(f"/deployments/{deployment}/create_flow_run", wanted)
        return Run(self, made["id"])


class Run:
    """A flow run on the server."""

    def __init__(self, api: Api, run_id: str) -> None:
        self.api, self.id = api, run_id

    def read(self) -> dict[str, Any]:
        return dict(self.api.get(f"/flow_runs/{self.id}"))

    def history(self) -> list[dict[str, Any]]:
        states = self.api.get("/flow_run_states/", flow_run_id=self.id)
        return sorted(states, key=lambda state: state["timestamp"])

    @property
    def state(self) -> str:
        return str(self.read()["state"]["type"])

    @property
    def message(self) -> str:
        return str(self.read()["state"]["message"])

    def reaches(self, *types: str, within_s: float = PATIENCE_S) -> "Run":
        wait_until(lambda: self.state in types, within_s)
        return self

    def ends(self, within_s: float = PATIENCE_S) -> str:
        wait_until(lambda: self.state in ENDED, within_s)
        return self.state

    def set(self, kind: str, force: bool = False, **more: Any) -> None:
        wanted = {"state": {"type": kind, **more}, "force": force}
        self.api.post(f"/flow_runs/{self.id}/set_state", wanted)

    def logs(self) -> str:
        wanted = {"logs": {"flow_run_id": {"any_": [self.id]}}}
        return "\n".join(log["message"] for log in self.api.post("/logs/filter", wanted))

    def children(self) -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"parent_flow_run_id": {"any_": [self.id]}}}
        return list(self.api.post("/flow_runs/filter", wanted))


class Worker:
    """A worker in a process of its own, ready when this is."""

    def __init__(self, server: Stack, pool: str, *options: str, name: str | None = None) -> None:
        self.name = name or f"w-{uuid.uuid4().hex[:8]}"
        self.log = server.folder / f"{self.name}-{uuid.uuid4().hex[:8]}.log"
        address = f"\0{uuid.uuid4().hex}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inlet, self.log.open("wb") as log:
            inlet.bind(address)
            self.process = subprocess.Popen(
                worker_command(pool, "--name", self.name, *options),
                env=server.environment | {"NOTIFY_SOCKET": address.replace("\0", "@")},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self.said = self._hear(inlet)

    def _hear(self, inlet: socket.socket) -> bytes:
        """What it says when it is ready; its log, where it ends instead."""
        inlet.settimeout(0.1)
        for _ in range(900):
            with suppress(TimeoutError):
                return inlet.recv(100)
            if self.process.poll() is not None:
                break
        self.process.kill()
        self.process.wait()
        raise RuntimeError(self.log.read_text())

    def health(self) -> tuple[int, dict[str, Any]]:
        """Code and answer of its health endpoint."""
        (address,) = re.findall(r"http://[\d.:]+/health", self.log.read_text())
        answer = httpx.get(address, timeout=10, trust_env=False)
        return answer.status_code, answer.json()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ends(self, within_s: float = PATIENCE_S) -> int:
        return self.process.wait(within_s)


def worker_command(pool: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "deployments.worker", pool, *options]


@contextmanager
def working(server: Stack, pool: str, *options: str, name: str | None = None) -> Iterator[Worker]:
    """A worker for the length of the block."""
    worker = Worker(server, pool, *options, name=name)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.process.kill()
        worker.process.wait()
