"""From what somebody typed to the id of a workflow or a job."""

import re
from typing import Literal
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName, FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

from runs.names import RUN_WORKFLOW
from runs.paging import JOB_NAMES, PAGE
from runs.records import job_run
from runs.views import RunUnknown, unknown
from runs.views.making import workflow_of
from slideloom.errors import BadInput

_DIGITS = re.compile(r"[0-9a-f]{8,32}")
_PAGES = 5
"""Requests for recent jobs, or recent workflows, in which the beginning of an id is looked for."""

Kind = Literal["workflow", "job"]
_NAMES: dict[Kind, list[str]] = {
    "workflow": [RUN_WORKFLOW.split("/")[1]],
    "job": JOB_NAMES,
}


class IdUnclear(BadInput):
    """What was typed is no id, or the beginning of more than one."""


async def find(client: PrefectClient, typed: str, want: Kind | None = None) -> tuple[Kind, str]:
    """What is meant: a workflow or a job, and its whole id.

    Args:
        client: Prefect's client.
        typed: A whole id, or at least the first 8 digits of a recent one.
        want: Only such a thing.

    Raises:
        RunUnknown: There is nothing of that kind.
        IdUnclear: It is no id, or the beginning of more than one.
    """
    digits = typed.strip().lower().replace("-", "")
    if not _DIGITS.fullmatch(digits):
        raise IdUnclear(
            f"{typed!r} is no id: give all its digits or at least the first 8; `slideloom status` "
            "lists the workflows"
        )
    whole = len(digits) == 32
    found = await (_exactly(client, digits) if whole else _recent(client, digits, want))
    if not found:
        raise unknown(want or "workflow or job", typed)
    if len(found) > 1:
        raise IdUnclear(
            f"{len(found)} ids begin with {typed}, such as {_shown(found)}: give more of it"
        )
    kind, run_id = found[0]
    if want not in (None, kind):
        raise RunUnknown(f"{run_id} is a {kind}, not a {want}: {_ADVICE[kind]}")
    return kind, run_id


_ADVICE: dict[Kind, str] = {
    "workflow": "`slideloom status` with its id shows its jobs",
    "job": "`slideloom status` with its id shows its workflow",
}


def _shown(found: list[tuple[Kind, str]]) -> str:
    return " and ".join(f"{kind} {run_id}" for kind, run_id in found[:2])


async def _exactly(client: PrefectClient, digits: str) -> list[tuple[Kind, str]]:
    try:
        run = await client.read_flow_run(UUID(digits))
    except ObjectNotFound:
        return []
    kind = _kind(run)
    return [(kind, str(run.id))] if kind else []


def _kind(run: FlowRun) -> Kind | None:
    if job_run(run):
        return "job"
    return "workflow" if workflow_of(run) else None


async def _recent(client: PrefectClient, digits: str, want: Kind | None) -> list[tuple[Kind, str]]:
    """The newest workflows and jobs whose ids begin so."""
    found: list[tuple[Kind, str]] = []
    for kind in ("workflow", "job"):
        if want in (None, kind):
            found += [(kind, run_id) for run_id in await _ids(client, kind, digits)]
    return found


async def _ids(client: PrefectClient, kind: Kind, digits: str) -> list[str]:
    made_by = DeploymentFilter(name=DeploymentFilterName(any_=_NAMES[kind]))
    found = dict[str, None]()
    for page in range(_PAGES):
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(),
            deployment_filter=made_by,
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=PAGE,
            offset=page * PAGE,
        )
        fitting = [r for r in runs if r.id.hex.startswith(digits) and _kind(r) == kind]
        found.update(dict.fromkeys(str(run.id) for run in fitting))
        if len(runs) < PAGE:
            break
    return list(found)
