"""Prefect's own commands take what we write: `prefect deploy` and `prefect block register`."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from deployments.register import register
from runs import names
from tests.register.asking import ask, everything

_ROOT = Path(__file__).parents[2]
_NAMES = (
    *(names.RUN_WORKFLOW, names.SEGMENT_JOB, names.TISSUE_JOB, names.SHARD),
    *(names.SUBMIT_INBOX, names.REAPER),
)


def _prefect(server: str, home: Path, folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PREFECT_API_URL": server, "PREFECT_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_deploy_all_makes_what_register_made(registered: str, tmp_path: Path) -> None:
    before = {(one["name"], one["flow_id"]): one for one in ask(everything)["deployments"]}
    _prefect(registered, tmp_path, _ROOT, "--no-prompt", "deploy", "--all")
    for name in _NAMES:
        made = ask(lambda client, name=name: client.read_deployment_by_name(name))
        there = before[(made.name, str(made.flow_id))]
        assert made.pull_steps == []
        assert made.path is None
        after = made.model_dump(mode="json")
        same = ("id", "entrypoint", "tags", "description", "parameters", "work_pool_name")
        for field in (*same, "parameter_openapi_schema", "concurrency_options"):
            assert after[field] == there[field], field
        assert [(one.slug, one.active) for one in made.schedules] == [
            (one["slug"], one["active"]) for one in there["schedules"]
        ]
    asyncio.run(register())


def test_blocks_register_by_module(server: str, tmp_path: Path) -> None:
    said = _prefect(server, tmp_path, tmp_path, "block", "register", "-m", "blocks")
    assert "Successfully registered 6 blocks" in said
