"""Prefect's server and those who talk to it: environments, start, health."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from deployments.serve.program import Program

STAGE = 1
"""The server starts after the database and stops before it."""

DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
ADDRESS = "PREFECT_API_URL"
PASSWORD = "PREFECT_SERVER_API_AUTH_STRING"  # noqa: S105 - the name of a setting
LOOPBACK = "127.0.0.1"

_LEASES_IN_FILES = "prefect.server.concurrency.lease_storage.filesystem"
# What an operator has set in the environment stays.
_SERVER_DEFAULTS = {
    # In memory, a restart of the server would leave the slots of dead holders taken for ever.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASES_IN_FILES,
    # Who waits for a slot asks again after as long as slots were held, unless told better.
    "PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    # One by one, the recorder writes 25 task runs a second and drops what piles up.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # A query for each run that was cancelled in the last day, each time (docs/decisions/0021).
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "60",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
_CLIENT_DEFAULTS = {
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # A warm worker only looks so often whether it has heard of a run.
    "PREFECT_WORKER_QUERY_SECONDS": "0.2",
    # What the server answers while its database restarts; a run's own call must outlive that.
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
_PLAIN_LOGS = {
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_LOGGING_COLORS": "false",
    "NO_COLOR": "1",
    "PYTHONUNBUFFERED": "1",
}
NOBODY = Path(__file__).with_name("nobody.pem")
"""A certificate that vouches for nobody, and whose key was never kept."""
_PLAIN_HTTP = {
    # Prefect loads what it trusts for each client that it makes, whether it speaks TLS or not: all
    # the world's authorities take 26 ms each time, 42 times for a job (docs/decisions/0021).
    "PREFECT_API_SSL_CERT_FILE": str(NOBODY),
}
# Left over from others' databases and supervisors; and a password that jobs need not know.
_NOT_PASSED_ON = ("PG", "NOTIFY_SOCKET", "SLIDELOOM_DATABASE_URL", DATABASE)
# They lie in Prefect's folder, and a server of ours has one of its own.
_PROFILES = ("PREFECT_PROFILE",)


def api_url(host: str, port: int) -> str:
    """Where programs of this machine find the API of a server that listens on a host and port."""
    everywhere = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - told from, not listened on
    name = everywhere.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/api"


def client_environment(base: Mapping[str, str], address: str) -> dict[str, str]:
    """What those need in their environment who work with a server.

    Args:
        base: Environment to start from; what it says of Prefect stays where it is not wrong.
        address: The server's API.
    """
    kept = _without(base, _NOT_PASSED_ON)
    defaults = {**_CLIENT_DEFAULTS, **(_PLAIN_HTTP if address.startswith("http://") else {})}
    return {**defaults, **kept, **_PLAIN_LOGS, **_no_proxy(base), ADDRESS: address}


def own_environment(
    base: Mapping[str, str], home: Path, address: str, database_url: str
) -> dict[str, str]:
    """The same for a server of our own, and for that server.

    Args:
        base: Environment to start from.
        home: Prefect's folder.
        address: The server's API.
        database_url: The database's address as SQLAlchemy writes it.
    """
    return {
        **_SERVER_DEFAULTS,
        # The UI's files are copied at the start; a second server would copy over them.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),
        "PREFECT_SERVER_UI_API_URL": address,
        **client_environment(_without(base, _PROFILES), address),
        **({"PREFECT_API_AUTH_STRING": base[PASSWORD]} if base.get(PASSWORD) else {}),
        "PREFECT_HOME": str(home),
        DATABASE: database_url,
    }


def _without(base: Mapping[str, str], beginnings: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in base.items() if not name.startswith(beginnings)}


def _no_proxy(base: Mapping[str, str]) -> dict[str, str]:
    """A proxy does not reach what listens on loopback."""
    given = base.get("NO_PROXY") or base.get("no_proxy") or ""
    names = ",".join(filter(None, (given, LOOPBACK, "localhost", "::1")))
    return {"NO_PROXY": names, "no_proxy": names}


def python(module: str) -> list[str]:
    """The command line that runs an installed module, whatever lies in the working directory."""
    return [sys.executable, "-P", "-m", module]


def server_program(
    environment: Mapping[str, str], host: str, port: int, log: Path, folder: Path | None = None
) -> Program:
    """The server, ready when it answers.

    Args:
        environment: What `own_environment` says.
        host: Name or number to listen on.
        port: Where.
        log: Its log.
        folder: Where it runs: Prefect reads settings from files there.
    """
    address = environment[ADDRESS]
    where = ["--host", host, "--port", str(port)]
    return Program(
        name="Prefect's server",
        command=[*python("prefect"), "server", "start", *where],
        environment=dict(environment),
        folder=folder,
        log=log,
        stage=STAGE,
        ready=lambda _: is_healthy(address),
        # Pages that are open in browsers hold up its end.
        grace_s=10,
    )


def is_healthy(address: str) -> bool:
    """Whether a server answers at this API, and says that it is well."""
    try:
        answer = httpx.get(f"{address}/health", timeout=5, trust_env=False)
    except (httpx.TransportError, httpx.InvalidURL):
        return False
    return answer.is_success and answer.text == "true"
