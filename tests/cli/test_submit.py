"""`slideloom submit`: refused here, refused there, accepted, watched."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect.client.orchestration import PrefectClient

from deployments.cli import accepting
from deployments.cli.server import VARIABLE
from slideloom.settings import settings
from tests.helpers.processes import ended
from tests.helpers.waiting import PATIENCE_S, wait_until
from tests.runs.command import Command, slideloom_command
from tests.runs.control import BROKEN, DONE, accept, control_worker, refuse
from tests.runs.made import deploy, unique
from tests.runs.server import ON_SERVER, api_url, ask

pytestmark = ON_SERVER
__all__ = ["slideloom_command"]
SPEC = """
tenant: {tenant}
name: biopsy 17
branches:
  - name: left
    jobs: [{{kind: tissue_mask, slide: x.svs}}]
"""


def _file(folder: Path, tenant: str) -> str:
    ask(deploy)
    (folder / "workflow.yaml").write_text(SPEC.format(tenant=tenant))
    return str(folder / "workflow.yaml")


def _id(out: str) -> str:
    found = re.match(r"workflow ([0-9a-f-]{36}) accepted: 1 job in 1 branch\n", out)
    assert found is not None, out
    return found[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tenant: alice", "name: is missing"),
        (SPEC.format(tenant="Alice"), "tenant: must be lower-case"),
        (SPEC.format(tenant="a").replace("tissue_mask", "dance"), "kind 'dance' is unknown"),
        ("]", "neither YAML nor JSON"),
    ],
)
def test_a_bad_spec_is_refused_without_a_server(
    text: str,
    said: str,
    tmp_path: Path,
    slideloom: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9/api")
    (tmp_path / "bad.yaml").write_text(text)
    assert said in slideloom.refused("submit", str(tmp_path / "bad.yaml"))


@pytest.mark.parametrize("name", ["nowhere.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path, slideloom: Command) -> None:
    assert "cannot be read" in slideloom.refused("submit", str(tmp_path / name))


def test_accepted(tmp_path: Path, slideloom: Command) -> None:
    tenant = unique("alice")
    with control_worker(tenant, accept) as taken:
        said = slideloom("submit", _file(tmp_path, tenant))
    assert (said.code, said.err) == (0, "")
    assert [_id(said.out)] == taken
    page = api_url().replace("/api", f"/runs/flow-run/{taken[0]}")
    for line in (page, f"slideloom status {taken[0]} --watch", f"slideloom cancel {taken[0]}"):
        assert line in said.out


def test_from_the_standard_input_and_twice_with_a_key(
    slideloom: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(deploy)
    tenant = unique("alice")
    with control_worker(tenant, accept) as taken:
        for _ in range(2):
            stream = io.BytesIO(SPEC.format(tenant=tenant).encode())
            monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
            assert _id(slideloom("submit", "-", "--key", "k").out) == taken[0]
    assert len(taken) == 1


def test_refused_by_the_server(tmp_path: Path, slideloom: Command) -> None:
    tenant = unique("alice")
    with control_worker(tenant, refuse) as taken:
        line = slideloom.refused("submit", _file(tmp_path, tenant), "--watch")
    assert line == (
        f"slideloom: workflow {taken[0]} is refused: SlideUnreadable: branch 'left', job 1: no "
        "such slide\n"
    )


def test_watched_to_its_end(tmp_path: Path, slideloom: Command) -> None:
    tenant = unique("alice")
    with control_worker(tenant, DONE):
        said = slideloom("submit", _file(tmp_path, tenant), "--watch")
    assert said.code == 0
    assert "left 1, tissue_mask x.svs: done" in said.out
    with control_worker(tenant, BROKEN):
        said = slideloom("submit", _file(tmp_path, tenant), "--watch")
    assert said.code == 1
    assert "left 1, tissue_mask x.svs: FAILED: x.svs breaks" in said.out
    assert "1 of 1 jobs failed" in said.out


def test_nobody_takes_it_and_then_somebody_does(
    tmp_path: Path, slideloom: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = unique("alice")
    monkeypatch.setattr(accepting, "PATIENCE_S", 0.0)
    said: list[tuple[object, ...]] = []

    async def late(client: PrefectClient, run: object) -> None:
        wait_until(lambda: bool(said))
        await accept(client, run)  # type: ignore[arg-type]

    real = print

    def noted(*words: object, **how: object) -> None:
        said.append(words)
        real(*words, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(accepting, "print", noted, raising=False)
    with control_worker(tenant, late):
        done = slideloom("submit", _file(tmp_path, tenant))
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert "no worker of pool control has taken it: is `slideloom serve` running?" in done.err


def test_a_server_that_is_not_set_up(
    tmp_path: Path, slideloom: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runs import paging, requests

    async def missing(client: PrefectClient, _: Sequence[str]) -> object:
        return await paging.deployment_ids(client, [f"{unique('no')}/run-workflow"])

    monkeypatch.setattr(requests, "deployment_ids", missing)
    line = slideloom.refused("submit", _file(tmp_path, "alice"), code=1)
    assert "run `slideloom register`" in line


@pytest.mark.parametrize("command", ["submit", "status", "cancel", "retry"])
def test_no_server_there(
    command: str, tmp_path: Path, slideloom: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _file(tmp_path, "alice")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
        monkeypatch.setenv(VARIABLE, url)
        given = {"submit": [file], "status": []}.get(command, ["12345678"])
        line = slideloom.refused(command, *given, code=1)
    assert f"no server answers at {url}" in line
    assert "slideloom serve" in line


def test_something_else_that_is_no_prefect_server(
    slideloom: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, api_url().replace("/api", "/nothing"))
    assert "is it a Prefect server" in slideloom.refused("status", code=1)


def test_the_note_of_a_running_server(
    tmp_path: Path, slideloom: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("SLIDELOOM_HOME", str(tmp_path))
    settings.cache_clear()
    try:
        (tmp_path / "serve.json").write_text(json.dumps({"api_url": api_url()}))
        assert slideloom("status", "--tenant", "nobody").code == 0
        (tmp_path / "serve.json").write_text("{")
        assert f"{tmp_path / 'serve.json'} does not say" in slideloom.refused("status")
    finally:
        settings.cache_clear()


def _command(*arguments: str, folder: Path, **more: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    given = {"PREFECT_HOME": str(folder), "SLIDELOOM_HOME": str(folder), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "deployments.cli.main", *arguments],
        env={**environment, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_no_server_known(tmp_path: Path) -> None:
    with ended(_command("status", folder=tmp_path)) as child:
        out, said = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, out) == (2, "")
    assert said.count("\n") == 1
    assert "make serve" in said
    assert VARIABLE in said


def test_ctrl_c_leaves_the_workflow_alone(tmp_path: Path) -> None:
    tenant = unique("alice")
    file = _file(tmp_path, tenant)
    url = {VARIABLE: api_url()}
    with (
        control_worker(tenant, accept) as taken,
        ended(_command("submit", file, "--watch", folder=tmp_path, **url)) as child,
    ):
        assert child.stdout is not None
        while "waits" not in child.stdout.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130
    assert said == (
        f"slideloom: workflow {taken[0]} goes on without this command: `slideloom status "
        f"{taken[0]} --watch`, or `slideloom cancel {taken[0]}`\n"
    )
