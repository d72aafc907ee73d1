"""How much of a workflow has ended: one progress artifact of its run, kept up to date."""

from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort

KEY = "jobs-ended"


async def show_share(client: PrefectClient, workflow: UUID, done: int, total: int) -> None:
    """Show how many of a workflow's jobs have ended; writes nothing where that is shown already.

    Args:
        client: Prefect's client.
        workflow: Id of the workflow's run.
        done: Jobs that have ended.
        total: All its jobs.
    """
    said: dict[str, Any] = {
        "data": percent(done, total),
        "description": f"{done} of {total} jobs ended",
    }
    shown = await _shown(client, workflow)
    # Prefect's own methods for this also send an event each, for which nobody listens.
    if shown is None:
        made = ArtifactCreate(key=KEY, type="progress", flow_run_id=workflow, **said)
        await client.request(
            "POST", "/artifacts/", json=made.model_dump(mode="json", exclude_unset=True)
        )
    elif any(getattr(shown, field) != value for field, value in said.items()):
        await client.request(
            "PATCH",
            "/artifacts/{id}",
            path_params={"id": shown.id},
            json=ArtifactUpdate(**said).model_dump(mode="json", exclude_unset=True),
        )


async def _shown(client: PrefectClient, workflow: UUID) -> Artifact | None:
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[workflow]), key=ArtifactFilterKey(any_=[KEY])
    )
    found = await client.read_artifacts(
        artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1
    )
    return found[0] if found else None


def percent(done: int, total: int) -> float:
    """Percent with one decimal; nothing to do is all done."""
    return 100.0 if total == 0 else round(100.0 * done / total, 1)
