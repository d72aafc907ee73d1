"""A folder whose slides are submitted as they come, each once."""

import asyncio
from pathlib import Path, PurePath
from typing import Any, Literal

from prefect import flow, get_run_logger
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from pydantic import Field

from blocks import Tenant, load_tenant
from runs.paging import PAGE
from runs.requests import KeyTaken, submit
from slideloom.scheduling.errors import SpecUnusable
from slideloom.scheduling.spec import TenantId, WorkflowSpec, check_spec
from tasks.inbox import Arrival, InboxUnusable, arrivals
from tasks.naming import inbox_name

_SHOWN = 100
"""Characters of a file's name in its workflow's name."""


@flow(name="submit_inbox", flow_run_name=inbox_name)
async def submit_inbox(
    tenant: TenantId,
    folder: str = "inbox",
    kind: Literal["segment_cells", "tissue_mask"] = "segment_cells",
    parameters: dict[str, Any] | None = None,
    pattern: str = "*",
    settle_s: float = Field(60.0, ge=0),
) -> dict[str, int]:
    """Submit every new slide of a folder, each once: a workflow of one job.

    The same file with the same size and time is not submitted again, whatever became of it.

    Args:
        tenant: Whose slides they are.
        folder: The folder, below the tenant's slide folder.
        kind: What to do with each slide.
        parameters: The job's other parameters.
        pattern: Glob of file names in the folder; `**/*` looks below it, too.
        settle_s: A file that has changed within so many seconds may still grow, and waits.

    Returns:
        How many were `submitted`, were `known`, are still `growing`, or are `refused` as a spec.

    Raises:
        TenantUnknown: There is no such tenant.
        InboxUnusable: The folder is not there, or the parameters suit no job.
    """
    owner = await load_tenant(tenant)
    given = {"kind": kind, **(parameters or {})}
    _try_out(tenant, given)
    found = await asyncio.to_thread(arrivals, owner.slide_path(folder), pattern, settle_s)
    settled = [arrival for arrival in found if arrival.settled]
    counts = {"submitted": 0, "known": 0, "growing": len(found) - len(settled), "refused": 0}
    async with get_client() as client:
        known = await _known(client, tenant, settled)
        for arrival in settled:
            counts[await _take(client, owner, given, arrival, known)] += 1
    return counts


def _try_out(tenant: str, given: dict[str, Any]) -> None:
    """Refuse parameters that suit no slide, before any is submitted."""
    try:
        _spec(tenant, given, PurePath("any"))
    except SpecUnusable as error:
        raise InboxUnusable(f"the inbox's parameters cannot be used: {error}") from error


def _spec(tenant: str, given: dict[str, Any], slide: PurePath) -> WorkflowSpec:
    branch = {"name": "inbox", "jobs": [{**given, "slide": str(slide)}]}
    name = f"inbox: {slide.name[:_SHOWN]}"
    return check_spec({"tenant": tenant, "name": name, "branches": [branch]})


async def _take(
    client: PrefectClient, owner: Tenant, given: dict[str, Any], arrival: Arrival, known: set[str]
) -> str:
    """Submit a slide that is not known; what it counts as."""
    if arrival.key in known:
        return "known"
    try:
        spec = _spec(owner.id, given, _below(owner.slides, arrival.path))
        await submit(client, spec, arrival.key)
    except KeyTaken:  # submitted before, with other parameters
        return "known"
    except SpecUnusable as error:
        get_run_logger().warning("%s is not submitted: %s", arrival.path, error)
        return "refused"
    return "submitted"


def _below(root: Path, path: Path) -> PurePath:
    return path.relative_to(root.resolve())


async def _known(client: PrefectClient, tenant: str, settled: list[Arrival]) -> set[str]:
    """Keys of those that were submitted before."""
    by_key = {f"{tenant}/{arrival.key}": arrival.key for arrival in settled}
    keys, known = list(by_key), set[str]()
    for start in range(0, len(keys), PAGE):
        part = FlowRunFilterIdempotencyKey(any_=keys[start : start + PAGE])
        wanted = FlowRunFilter(idempotency_key=part)
        runs = await client.read_flow_runs(flow_run_filter=wanted, limit=PAGE)
        known |= {by_key[run.idempotency_key] for run in runs if run.idempotency_key}
    return known
