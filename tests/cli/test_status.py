"""`slideloom status` against a server."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.states import Cancelled, Completed, Failed, Running

from deployments.cli.server import VARIABLE
from runs.states import skipped
from tests.helpers.waiting import PATIENCE_S
from tests.runs.command import Command, slideloom_command
from tests.runs.made import Made, make_workflow, put, tell_tiles
from tests.runs.server import ON_SERVER, api_url, ask

pytestmark = ON_SERVER
__all__ = ["slideloom_command"]


async def _some(client: PrefectClient) -> Made:
    made = await make_workflow(client, {"left": ["a.svs", "b.svs"], "right<left": ["c.svs"]})
    await put(client, made.jobs["a.svs"], Running(), attempt=1)
    await tell_tiles(client, made.jobs["a.svs"], 30, 120)
    run = await client.read_flow_run(UUID(made.jobs["b.svs"]))
    await client.update_flow_run(run.id, tags=[*run.tags, "waiting:BRANCH"])
    return made


def test_a_list_a_workflow_and_a_job(slideloom: Command) -> None:
    made = ask(_some)
    listed = slideloom("status", "--tenant", made.tenant)
    assert (listed.code, listed.err) == (0, "")
    assert made.id in listed.out
    assert "0/3" in listed.out
    workflow = slideloom("status", made.id)
    assert "running: 30 of 120 tiles" in workflow.out
    assert "waits: an earlier job of its branch" in workflow.out
    job = slideloom("status", made.jobs["a.svs"].upper())
    assert "/out/a.svs" in job.out
    assert made.id in job.out


def test_as_json(slideloom: Command) -> None:
    made = ask(_some)
    (listed,) = json.loads(slideloom("status", "--tenant", made.tenant, "--json").out)["workflows"]
    whole = json.loads(slideloom("status", made.id, "--json").out)
    assert listed["id"] == whole["id"] == made.id
    first = whole["branches"][0]["jobs"][0]
    assert (first["done"], first["total"], first["state"]) == (30, 120, "RUNNING")
    assert json.loads(slideloom("status", first["id"], "--json").out) == first


def test_the_list_of_a_tenant_without_workflows(slideloom: Command) -> None:
    said = slideloom("status", "--tenant", "nobody-at-all")
    assert "slideloom submit workflow.yaml" in said.out


def test_only_what_is_open(slideloom: Command) -> None:
    made = ask(_some)
    ask(lambda client: put(client, made.id, Completed()))
    assert made.id in slideloom("status", "--tenant", made.tenant).out
    assert made.id not in slideloom("status", "--tenant", made.tenant, "--open").out


def test_the_first_digits_of_an_id_are_enough(slideloom: Command) -> None:
    made = ask(_some)
    assert (
        slideloom("status", made.id[:8]).out.split("\n")[1:]
        == (slideloom("status", made.id).out.split("\n")[1:])
    )
    job = made.jobs["a.svs"]
    assert job in slideloom("status", job.replace("-", "")[:12]).out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1234567", "is no id"),
        ("workflow", "is no id"),
        ("00000000", "there is no workflow or job 00000000"),
        ("00000000-0000-4000-8000-000000000000", "there is no workflow or job"),
    ],
)
def test_ids_that_lead_nowhere(typed: str, said: str, slideloom: Command) -> None:
    assert said in slideloom.refused("status", typed)


def test_digits_that_begin_two_ids(slideloom: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ask(lambda client: make_workflow(client, {"left": ["a", "b"]}))
    from deployments.cli import ids

    async def same(_client: Any, kind: str, _digits: str) -> list[str]:
        return list(made.jobs.values()) if kind == "job" else []

    monkeypatch.setattr(ids, "_ids", same)
    line = slideloom.refused("status", "12345678")
    assert "2 ids begin with 12345678" in line
    assert all(job in line for job in made.jobs.values())


@pytest.mark.parametrize("more", [["--watch"], ["12345678", "--tenant", "x"]])
def test_options_that_do_not_go_together(more: list[str], slideloom: Command) -> None:
    assert "id" in slideloom.refused("status", *more)


@pytest.mark.parametrize(
    ("end", "code"), [(Completed(), 0), (Failed(message="1 job failed"), 1), (Cancelled(), 1)]
)
def test_watching_what_has_ended(end: Any, code: int, slideloom: Command) -> None:
    async def act(client: PrefectClient) -> Made:
        made = await make_workflow(client, {"left": ["a.svs", "b.svs"]})
        await put(client, made.jobs["a.svs"], end, error="SlideUnreadable", attempt=1)
        await put(client, made.jobs["b.svs"], skipped("an earlier job"))
        await put(client, made.id, end)
        return made

    made = ask(act)
    assert slideloom("status", made.jobs["a.svs"], "--watch").code == code
    said = slideloom("status", made.id, "--watch")
    assert (said.code, said.err) == (code, "")
    assert len(said.out.splitlines()) == 3
    (line,) = slideloom("status", made.id, "--watch", "--json").out.splitlines()
    assert json.loads(line)["id"] == made.id


class _Terminal:
    """A command on a pseudo-terminal, and all that it has shown."""

    def __init__(self, arguments: list[str], home: Path) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "PREFECT_HOME": str(home), VARIABLE: api_url()}
        environment |= {"COLUMNS": "150", "TERM": "xterm"}
        environment.pop("CI", None)
        self.child = subprocess.Popen(
            [sys.executable, "-m", "deployments.cli.main", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        self.shown = ""

    def read(self, until: str | None = None) -> str:
        """Read until something is shown, or to the end."""
        while until is None or until not in self.shown:
            try:
                read = os.read(self._ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", read.decode(errors="replace"))
        return self.shown

    def end(self) -> int:
        """Close the terminal; the exit code."""
        os.close(self._ours)
        return self.child.wait(timeout=PATIENCE_S)


def test_watching_on_a_terminal(tmp_path: Path) -> None:
    made = ask(_some)
    terminal = _Terminal(["status", made.id, "--watch"], tmp_path)
    shown = terminal.read(until="tissue_mask a.svs: running: 30 of 120 tiles")
    assert "\u2501" in shown
    for job in made.jobs.values():
        ask(lambda client, job=job: put(client, job, Completed()))  # type: ignore[misc]
    ask(lambda client: put(client, made.id, Completed()))
    shown = terminal.read()
    assert terminal.end() == 0
    last = shown[shown.rindex(made.id) :]
    assert "3/3 jobs" in last
    assert all(job in last for job in made.jobs.values())
    assert "Traceback" not in shown
    assert "prefect" not in shown.lower()
