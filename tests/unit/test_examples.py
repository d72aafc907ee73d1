"""The example files: they parse, their command takes their options, their times fit the drain."""

import configparser
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.cli import main as cli
from deployments.serve.workers import Post

EXAMPLES = Path(__file__).parents[2] / "deployments" / "examples"


def _text(name: str) -> str:
    return (EXAMPLES / name).read_text()


def _container() -> dict[str, Any]:
    (deployment,) = yaml.safe_load_all(_text("kubernetes.yaml"))
    return dict(deployment["spec"]["template"]["spec"])


def _systemd() -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "slideloom-worker.service")
    return unit


def _docker() -> list[str]:
    (line,) = re.findall(r"^CMD (.*)$", _text("Dockerfile"), re.MULTILINE)
    return list(json.loads(line))


COMMANDS = {
    "Dockerfile": _docker(),
    "kubernetes.yaml": _container()["containers"][0]["args"],
    "slurm.sh": shlex.split(re.findall(r"^exec (.*)$", _text("slurm.sh"), re.MULTILINE)[0]),
    "slideloom-worker.service": shlex.split(_systemd()["Service"]["ExecStart"]),
}
STOPPING_S = {
    "Dockerfile": int(re.findall(r"--stop-timeout (\d+)", _text("Dockerfile"))[0]),
    "kubernetes.yaml": _container()["terminationGracePeriodSeconds"],
    "slurm.sh": int(re.findall(r"--signal=B:TERM@(\d+)", _text("slurm.sh"))[0]),
    "slideloom-worker.service": int(_systemd()["Service"]["TimeoutStopSec"]),
}


def _parsed(name: str) -> dict[str, Any]:
    program, *arguments = COMMANDS[name]
    assert Path(program).name == "slideloom"
    _, bound, _ = cli.app.parse_args(arguments, exit_on_error=False, print_error=False)
    return dict(bound.arguments)


def test_every_example_is_looked_at() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_takes_the_options_and_has_time_to_drain(name: str) -> None:
    post = Post("gpu", "some", 1, grace_s=_parsed(name)["grace"])
    assert STOPPING_S[name] > post.all_s


def test_the_probes_ask_where_the_worker_answers() -> None:
    container = _container()["containers"][0]
    given = _parsed("kubernetes.yaml")
    assert (given["device"], given["slots"]) == (["cuda:0"], 1)
    assert container["ports"] == [{"name": "health", "containerPort": given["health_port"]}]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "health"}
    assert given["health_host"] == "0.0.0.0"
    patient = container["livenessProbe"]
    # A worker keeps the end of a run for ten minutes without a server.
    assert patient["periodSeconds"] * patient["failureThreshold"] > 600
