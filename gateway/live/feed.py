"""What Prefect's events say about watched workflows.

A change of a run's state is an event with the state in it. A job's progress is one, too, without
the numbers: where it is heard, the workflow is read. Why a queued job waits is told by no event.
"""

from datetime import datetime
from uuid import UUID

from prefect.events import Event
from prefect.events.filters import EventFilter, EventNameFilter

from gateway.live.hub import Hub
from gateway.live.steps import BEGINNING, Step
from runs.events import FLOW_RUN, HEARTBEAT
from runs.names import job_tag, workflow_tag

_ARTIFACT = "prefect.artifact."
_TAG = "prefect.tag."
_OF_WORKFLOW, _OF_SHARD = _TAG + workflow_tag(""), _TAG + job_tag("")

WANTED = EventFilter(event=EventNameFilter(prefix=[FLOW_RUN, _ARTIFACT], exclude_name=[HEARTBEAT]))
"""The events that are listened to."""


def take_note(hub: Hub, event: Event) -> None:
    """Tell the hub what an event means.

    Args:
        hub: Who watches what.
        event: Anything: whoever may use Prefect's API may send any event.
    """
    related = [resource.id for resource in event.related]
    if any(each.startswith(_OF_SHARD) for each in related):
        return  # what a shard has done its job tells
    tags = [each.removeprefix(_OF_WORKFLOW) for each in related if each.startswith(_OF_WORKFLOW)]
    if event.event.startswith(_ARTIFACT):
        runs = [each for each in related if each.startswith(FLOW_RUN)]
        step = None
    else:
        runs, step = [event.resource.id], step_in(event)
    for run in map(_id, runs[:1]):
        for workflow in tags or [run]:
            if run:
                hub.hear(workflow, run, step)


def _id(resource: str) -> str:
    """A run's id, as its source writes it; empty: it is none."""
    try:
        return str(UUID(resource.removeprefix(FLOW_RUN)))
    except ValueError:
        return ""


def step_in(event: Event) -> Step | None:
    """The state that an event tells of; None: it tells of none, or not as Prefect does."""
    labels, payload = event.resource, event.payload
    try:
        at = datetime.fromisoformat(labels["prefect.state-timestamp"])
        name, kind = labels["prefect.state-name"], labels["prefect.state-type"]
        message = str(labels.get("prefect.state-message") or "")
    except (KeyError, ValueError, TypeError):
        return None
    if at.tzinfo is None:
        return None
    is_first = "initial_state" in payload and payload["initial_state"] is None
    before = BEGINNING if is_first else str(event.follows) if event.follows else None
    return Step(str(event.id), at, name, kind, message, before)
