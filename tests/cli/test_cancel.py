"""`slideloom cancel` against a server."""

from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import StateType
from prefect.states import Completed, Running

from tests.runs.command import Command, slideloom_command
from tests.runs.made import make_workflow, put
from tests.runs.server import ON_SERVER, ask

pytestmark = ON_SERVER
__all__ = ["slideloom_command"]


def _type(run_id: str) -> StateType:
    run = ask(lambda client: client.read_flow_run(UUID(run_id)))
    assert run.state is not None
    return run.state.type


@pytest.mark.parametrize("what", ["workflow", "job"])
@pytest.mark.parametrize(
    ("state", "then", "said"),
    [
        (None, StateType.CANCELLED, "is cancelled"),
        (Running(), StateType.CANCELLING, "is being cancelled"),
    ],
)
def test_by_the_first_digits(
    what: str, state: Any, then: StateType, said: str, slideloom: Command
) -> None:
    made = ask(lambda client: make_workflow(client, {"left": ["a"], "right": ["b"]}))
    run_id = made.id if what == "workflow" else made.jobs["a"]
    if state is not None:
        ask(lambda client: put(client, run_id, state))
    answer = slideloom("cancel", run_id[:13])
    assert (answer.code, answer.err) == (0, "")
    assert f"{what} {run_id} {said}" in answer.out
    assert _type(run_id) is then
    assert _type(made.jobs["b"]) is StateType.PAUSED


def test_what_has_ended(slideloom: Command) -> None:
    made = ask(lambda client: make_workflow(client, {"left": ["a"]}))
    ask(lambda client: put(client, made.jobs["a"], Completed()))
    line = slideloom.refused("cancel", made.jobs["a"])
    assert "has ended already (SUCCEEDED): there is nothing to cancel" in line


def test_nothing_of_that_id(slideloom: Command) -> None:
    assert "there is no workflow or job" in slideloom.refused("cancel", "0" * 32)
