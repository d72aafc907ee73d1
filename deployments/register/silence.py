"""The automation that ends silent runs as Crashed; Prefect ends none by itself.

It watches shards and housekeeping, by the deployments' ids: others' runs on the same server may
beat less often. Jobs and workflows are the dispatcher's to watch: they rest, queued or waiting, and
an automation sees events but no states, so a beat that the server reads after the event of the rest
would have a resting run crashed.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture

from runs.names import REAPER, SHARD, SUBMIT_INBOX
from runs.states import NOT_ADMITTED
from slideloom.settings import settings

NAME = "slideloom: end silent runs"
WATCHED = (SHARD, SUBMIT_INBOX, REAPER)
BEAT = "prefect.flow-run.heartbeat"
# Names of the states in which a run is not expected to beat.
_RESTING = (
    *("Completed", "Failed", "Crashed", "Cancelled", "Cancelling", "TimedOut", "RolledBack"),
    *("Paused", "Suspended", "Scheduled", "Late", "Resuming", "AwaitingRetry", "Pending"),
    NOT_ADMITTED,
)


def silence_automation(deployments: Iterable[UUID], silent_s: float) -> AutomationCore:
    """The automation.

    Args:
        deployments: Whose runs are watched.
        silent_s: How long a run may be silent, in seconds.
    """
    watched = sorted(f"prefect.deployment.{id_}" for id_ in deployments)
    trigger = EventTrigger(
        type="event",
        posture=Posture.Proactive,
        after={BEAT},
        expect={BEAT, *(f"prefect.flow-run.{state}" for state in _RESTING)},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={
            "prefect.resource.role": "deployment",
            "prefect.resource.id": watched,
        },
        for_each={"prefect.resource.id"},
        threshold=1,
        within=timedelta(seconds=silent_s),
    )
    action = ChangeFlowRunState(
        type="change-flow-run-state",
        state=StateType.CRASHED,
        message=f"No sign of life from its worker for {silent_s:g} s.",
    )
    return AutomationCore(
        name=NAME,
        description="Made by `slideloom register`, which also puts it right again.",
        trigger=trigger,
        actions=[action],
    )


async def register_silence(client: PrefectClient, deployments: Mapping[str, UUID]) -> None:
    """Make the automation, or put it right; whether it is enabled is the operator's.

    Args:
        client: Prefect's client.
        deployments: Ids of our deployments by `flow/name`.
    """
    watched = [deployments[name] for name in WATCHED]
    wanted = silence_automation(watched, settings().silent_limit_s)
    there = await _only(client)
    if there is None:
        await client.create_automation(wanted)
        await _only(client)
    elif not _same(there, wanted):
        # A change makes the server forget the beats that it has heard: only when there is one.
        # The client sends what was set by name, the server wants all of it but an owner.
        whole = wanted.model_dump(exclude={"owner_resource"}) | {"enabled": there.enabled}
        await client.update_automation(there.id, AutomationCore.model_validate(whole))


def _same(there: Automation, wanted: AutomationCore) -> bool:
    compared = {"trigger", "actions", "description"}
    return there.model_dump(include=compared) == wanted.model_dump(include=compared)


async def _only(client: PrefectClient) -> Automation | None:
    """The one of our name; names are not unique, so doubles of it are deleted.

    Who looks last after making one sees all, and all agree on which one stays.
    """
    found = sorted(await client.read_automations_by_name(NAME), key=lambda one: one.id)
    for double in found[1:]:
        await client.delete_automation(double.id)
    return found[0] if found else None
