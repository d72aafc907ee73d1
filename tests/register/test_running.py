"""What only a server with all its services shows: schedules make runs, silent runs end."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events import Event
from prefect.states import Completed, Running

from deployments.register import register
from deployments.register.silence import BEAT, WATCHED, silence_automation
from runs import names
from runs.states import queued
from tests.helpers.waiting import wait_until
from tests.register.asking import ask

_WITHIN_S = 120.0


async def _runs_of(client: PrefectClient, name: str) -> list[FlowRun]:
    deployment = await client.read_deployment_by_name(name)
    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
    return await client.read_flow_runs(deployment_filter=wanted)


def test_the_inbox_is_looked_at_once_its_schedule_is_on(registered: str) -> None:
    """With a SQLAlchemy that Prefect does not expect, schedules make no runs and nobody says so."""

    async def switch_on(client: PrefectClient) -> None:
        inbox = await client.read_deployment_by_name(names.SUBMIT_INBOX)
        await client.update_deployment_schedule(inbox.id, inbox.schedules[0].id, active=True)

    assert ask(lambda client: _runs_of(client, names.SUBMIT_INBOX)) == []
    ask(switch_on)
    wait_until(lambda: bool(ask(lambda client: _runs_of(client, names.SUBMIT_INBOX))), _WITHIN_S)
    made = {run.id for run in ask(lambda client: _runs_of(client, names.SUBMIT_INBOX))}
    asyncio.run(register())
    left = ask(lambda client: _runs_of(client, names.SUBMIT_INBOX))
    assert made <= {run.id for run in left}
    assert {run.state.type for run in left if run.state} == {StateType.SCHEDULED}
    assert all(run.auto_scheduled for run in left)


_TISSUE = {"job": {"kind": "tissue_mask", "slide": "/a.svs"}, "out": "/a"}


async def _beating(client: PrefectClient, name: str, parameters: dict[str, Any]) -> UUID:
    """A running run of the deployment that has just sent a heartbeat, as Prefect's engine does."""
    deployment = await client.read_deployment_by_name(name)
    run = await client.create_flow_run_from_deployment(
        deployment.id, parameters=parameters, state=Running()
    )
    related = {"flow": run.flow_id, "deployment": deployment.id}
    beat = Event(
        event=BEAT,
        resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
        related=[
            {"prefect.resource.id": f"prefect.{role}.{id_}", "prefect.resource.role": role}
            for role, id_ in related.items()
        ],
    )
    await client.request("POST", "/events", json=[beat.model_dump(mode="json")])
    return run.id


@pytest.mark.usefixtures("registered")
def test_silent_runs_end_and_no_others() -> None:
    """With the shortest time that Prefect allows, instead of the setting's."""

    async def start(client: PrefectClient) -> dict[str, UUID]:
        watched = [(await client.read_deployment_by_name(name)).id for name in WATCHED]
        await client.create_automation(silence_automation(watched, 10))
        # The silent one last: when its time is over, so is that of the others.
        runs = {
            "job": await _beating(client, names.TISSUE_JOB, _TISSUE),
            "queued": await _beating(client, names.TISSUE_JOB, _TISSUE),
            "ended": await _beating(client, names.REAPER, {}),
        }
        await client.set_flow_run_state(runs["queued"], queued(), force=True)
        await client.set_flow_run_state(runs["ended"], Completed(), force=True)
        return runs | {"silent": await _beating(client, names.REAPER, {})}

    def state(which: str) -> State[Any]:
        found = ask(lambda client: client.read_flow_run(runs[which])).state
        assert found is not None
        return found

    runs = ask(start)
    wait_until(lambda: state("silent").type is StateType.CRASHED, _WITHIN_S)
    assert "No sign of life" in (state("silent").message or "")
    assert state("queued").type is StateType.PAUSED
    assert state("ended").type is StateType.COMPLETED
    assert state("job").type is StateType.RUNNING
