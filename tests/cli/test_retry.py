"""`slideloom retry` against a server."""

from uuid import UUID

from prefect.states import Failed

from runs.states import QUEUED
from tests.runs.command import Command, slideloom_command
from tests.runs.made import Made, make_workflow, put
from tests.runs.server import ON_SERVER, ask

pytestmark = ON_SERVER
__all__ = ["slideloom_command"]


def _failed() -> Made:
    made = ask(lambda client: make_workflow(client, {"left": ["a", "b"]}))
    ask(lambda client: put(client, made.jobs["a"], Failed(), error="SlideUnreadable"))
    return made


def test_a_failed_job_queues_again(slideloom: Command) -> None:
    job = _failed().jobs["a"]
    answer = slideloom("retry", job)
    assert (answer.code, answer.err) == (0, "")
    assert f"job {job} queues again" in answer.out
    run = ask(lambda client: client.read_flow_run(UUID(job)))
    assert run.state is not None
    assert (run.state.name, run.state.message) == (QUEUED, "Asked for again.")


def test_what_has_not_failed(slideloom: Command) -> None:
    made = _failed()
    line = slideloom.refused("retry", made.jobs["b"])
    assert "is PENDING: only a FAILED or CANCELLED job can be retried" in line


def test_a_workflow_is_no_job(slideloom: Command) -> None:
    made = _failed()
    assert f"{made.id} is a workflow, not a job" in slideloom.refused("retry", made.id)
