"""Deployments on the server, made and kept as they are written.

Ours, and put right again: entry point, pool, parameter schema, description, tags, version. The
operator's, and left alone once the deployment is there: schedules, parameters, limit, pause, queue.
Prefect's own way to apply a deployment puts back all of it, so it is not used here.
"""

from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.register.errors import DeploymentRefused
from deployments.register.written import Written, written_deployments
from slideloom import __version__


async def register_deployments(client: PrefectClient) -> dict[str, UUID]:
    """Make or mend all deployments; their ids by `flow/name`.

    Raises:
        DeploymentRefused: The server did not take one.
    """
    ids = {}
    for written in written_deployments():
        flow: Flow[Any, Any] = load_flow_from_entrypoint(
            written.entrypoint, use_placeholder_flow=False
        )
        name = f"{flow.name}/{written.name}"
        try:
            ids[name] = await _registered(client, written, flow)
        except PrefectHTTPStatusError as error:
            raise DeploymentRefused(
                f"the server did not take deployment {name}: {error.response.text[:500]}"
            ) from error
    return ids


async def _registered(client: PrefectClient, written: Written, flow: Flow[Any, Any]) -> UUID:
    try:
        there = await client.read_deployment_by_name(f"{flow.name}/{written.name}")
    except ObjectNotFound:
        return await _made(client, written, flow)
    changed = {
        field: value
        for field, value in _ours(written, flow).items()
        if value != getattr(there, field)
    }
    if there.pull_steps:
        changed["pull_steps"] = []
    if changed:
        # Each change deletes the runs that are scheduled already, so none is made for nothing.
        await client.update_deployment(there.id, DeploymentUpdate(**changed))
    return there.id


def _ours(written: Written, flow: Flow[Any, Any]) -> dict[str, Any]:
    schema = parameter_schema(flow).model_dump(mode="json", exclude_unset=True)
    return {
        "entrypoint": written.entrypoint,
        "work_pool_name": written.work_pool.name,
        "parameter_openapi_schema": schema,
        "description": written.description,
        "tags": written.tags,
        "version": __version__,
    }


async def _made(client: PrefectClient, written: Written, flow: Flow[Any, Any]) -> UUID:
    limit = written.concurrency_limit
    return await client.create_deployment(
        await client.create_flow_from_name(flow.name),
        written.name,
        **_ours(written, flow),
        parameters=written.parameters,
        enforce_parameter_schema=written.enforce_parameter_schema,
        schedules=[every.schedule for every in written.schedules],
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=limit.options if limit else None,
        pull_steps=[],
    )
