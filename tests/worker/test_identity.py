"""Who holds a run, read off the run."""

from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import AwaitingRetry, Cancelling, Completed, Paused, Pending, Running, Scheduled

from deployments.worker.identity import Identity, Stop, process_of, reason_to_stop

ME = Identity("jobs 1", "here/2")


def _run(state: State[None] | None, process: str = str(ME), attempt: int = 1) -> FlowRun:
    labels = {"slideloom.attempt": attempt}
    return FlowRun(flow_id=uuid4(), state=state, infrastructure_pid=process, labels=labels)


@pytest.mark.parametrize(
    ("process", "preceded"),
    [
        ("jobs 1:here/1", True),
        (str(ME), False),
        ("jobs 1:elsewhere/1", False),
        ("jobs 2:here/1", False),
        ("", False),
        ("4711", False),
    ],
)
def test_only_an_earlier_start_on_this_machine_leaves_orphans(process: str, preceded: bool) -> None:
    assert ME.preceded(process) is preceded


def test_claim_counts_before_the_field_is_written() -> None:
    other = Identity("jobs 2", "here/1")
    assert process_of(_run(Pending(message=other.claim()))) == str(other)
    assert process_of(_run(Pending(message="Requeued by hand."))) == str(ME)
    assert process_of(_run(Running(), "")) == ""


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (_run(Running()), None),
        (_run(Pending(message=ME.claim()), ""), None),
        (_run(AwaitingRetry()), None),
        (_run(Paused(reschedule=False)), None),
        (_run(Cancelling()), Stop.CANCELLED),
        (_run(Completed()), Stop.TAKEN),
        (_run(Scheduled()), Stop.TAKEN),
        (_run(Paused(name="Queued", reschedule=True)), Stop.TAKEN),
        (_run(Running(), attempt=2), Stop.TAKEN),
        (_run(Cancelling(), process="jobs 2:here/1"), Stop.TAKEN),
        (_run(None), Stop.TAKEN),
        (None, Stop.TAKEN),
    ],
)
def test_reasons_to_stop(run: FlowRun | None, why: Stop | None) -> None:
    assert reason_to_stop(run, str(ME), attempt=1) is why
