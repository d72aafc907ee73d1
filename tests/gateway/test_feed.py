"""Events are taken for what they are: anybody who reaches Prefect may send any."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.events import Event, RelatedResource, Resource

from gateway.live.feed import take_note
from gateway.live.hub import Hub
from gateway.live.steps import BEGINNING, Step, chain, since

JOB, WORKFLOW, SHARDS_JOB = (str(uuid4()) for _ in range(3))
AT = datetime(2026, 1, 1, tzinfo=UTC)
STATE = {
    "prefect.state-timestamp": AT.isoformat(),
    "prefect.state-name": "Queued",
    "prefect.state-type": "PAUSED",
}
PAYLOAD: dict[str, Any] = {"initial_state": None}


class Heard:
    """Stands where a hub is."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Step | None]] = []

    def hear(self, workflow: str, run: str, step: Step | None = None) -> None:
        self.calls.append((workflow, run, step))


def heard(
    name: str,
    resource: str,
    related: tuple[str, ...] = (),
    labels: Mapping[str, str] = STATE,
    **more: Any,
) -> list[tuple[str, str, Step | None]]:
    hub = Heard()
    event = Event(
        event=name,
        resource=Resource({"prefect.resource.id": resource, **labels}),
        related=[
            RelatedResource({"prefect.resource.id": each, "prefect.resource.role": "tag"})
            for each in related
        ],
        **{"payload": PAYLOAD, **more},
    )
    take_note(cast(Hub, hub), event)
    return hub.calls


OF_WORKFLOW = f"prefect.tag.workflow:{WORKFLOW}"


def test_a_state_is_heard_with_what_it_follows() -> None:
    own, before = uuid4(), uuid4()
    name, run = "prefect.flow-run.Queued", f"prefect.flow-run.{JOB}"
    first = Step(str(own), AT, "Queued", "PAUSED", "", BEGINNING)
    assert heard(name, run, (OF_WORKFLOW,), id=own) == [(WORKFLOW, JOB, first)]
    known = heard(name, run, (OF_WORKFLOW,), payload={"initial_state": {}}, follows=before)
    assert known[0][2] is not None
    assert known[0][2].follows == str(before)
    unknown = heard(name, run, (OF_WORKFLOW,), payload={"initial_state": {}})
    assert unknown[0][2] is not None
    assert unknown[0][2].follows is None


def test_a_workflow_is_its_own() -> None:
    name = "prefect.flow-run.Running"
    assert heard(name, f"prefect.flow-run.{WORKFLOW}")[0][:2] == (WORKFLOW, WORKFLOW)


def test_progress_is_heard_of_the_job_and_not_of_its_shards() -> None:
    related = (f"prefect.flow-run.{JOB}", OF_WORKFLOW)
    name, artifact = "prefect.artifact.updated", f"prefect.artifact.{uuid4()}"
    assert heard(name, artifact, related) == [(WORKFLOW, JOB, None)]
    assert heard(name, artifact, (*related, f"prefect.tag.job:{SHARDS_JOB}")) == []
    assert heard(name, artifact) == []


@pytest.mark.parametrize("missing", sorted(STATE))
def test_a_state_that_is_not_told_as_prefect_does_is_only_a_change(missing: str) -> None:
    labels = {name: value for name, value in STATE.items() if name != missing}
    name, run = "prefect.flow-run.Queued", f"prefect.flow-run.{JOB}"
    assert heard(name, run, (OF_WORKFLOW,), labels) == [(WORKFLOW, JOB, None)]


@given(
    st.text(max_size=50),
    st.dictionaries(st.sampled_from(sorted(STATE)), st.text(max_size=30)),
    st.one_of(st.none(), st.dictionaries(st.text(max_size=9), st.integers())),
)
def test_any_event_is_survived(tail: str, labels: dict[str, str], before: Any) -> None:
    payload = {"initial_state": before}
    resource = f"prefect.flow-run.{tail}"
    for _, run, _ in heard("prefect.flow-run.x", resource, (OF_WORKFLOW,), labels, payload=payload):
        assert str(UUID(run)) == run


def history(count: int) -> list[Step]:
    return [
        Step(str(number), AT, "", "", "", str(number - 1) if number else BEGINNING)
        for number in range(count)
    ]


@given(st.integers(1, 8), st.data())
def test_a_chain_is_whole_or_none(count: int, data: st.DataObject) -> None:
    steps = history(count)
    told = data.draw(st.integers(-1, count - 2)) if count > 1 else -1
    known = data.draw(st.sets(st.sampled_from(range(count))))
    after = str(told) if told >= 0 else BEGINNING
    found = chain({step.id: step for step in steps if int(step.id) in known}, after, str(count - 1))
    wanted = steps[told + 1 :]
    assert found == (wanted if {int(step.id) for step in wanted} <= known else None)
    assert since(steps, after, steps[-1]) == wanted


def test_a_chain_that_bites_its_tail_is_none() -> None:
    steps = {
        "a": Step("a", AT, "", "", "", "b"),
        "b": Step("b", AT, "", "", "", "a"),
    }
    assert chain(steps, "c", "a") is None
