"""What can be asked for: models and kinds of jobs."""

from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from pydantic import Field

from gateway.body import Body
from gateway.catalogue import kinds_of
from gateway.scope import TenantScope
from gateway.shelf import Shelf
from slideloom.models import ModelStore
from slideloom.models.records import ModelRecord

router = APIRouter(tags=["catalogue"])


class ModelOut(Body):
    """A model that jobs can name."""

    name: str = Field(description="Its name; the version recorded last is taken.")
    version: str = Field(description="Its version: `name@version` asks for this one.")
    pixel_size_um: float | None = Field(description="µm per pixel; none: not measured yet.")
    licence: str = Field(description="Its licence, as its publisher states it.")
    sha256: str = Field(description="SHA-256 of its file, as hex digits.")


class ModelsOut(Body):
    """The models of this server."""

    default: str = Field(description="The model of jobs that name none.")
    models: list[ModelOut] = Field(description="All models that are there.")


class KindOut(Body):
    """A kind of job."""

    kind: str = Field(description="Its name, as a job's `kind`.")
    about: str = Field(description="What it does.")
    parameters: dict[str, Any] = Field(
        description="JSON schema of a job of this kind, with the defaults that hold for you."
    )


@router.get("/models")
async def list_models(request: Request, scope: TenantScope) -> ModelsOut:
    """The models that jobs can name, and which one is yours by default."""
    shelf: Shelf = request.app.state.shelf
    with scope.telling():
        records = await run_sync(ModelStore(await shelf.folder()).here)
    return ModelsOut(default=scope.tenant.model, models=[_shown(record) for record in records])


def _shown(record: ModelRecord) -> ModelOut:
    wanted = set(ModelOut.model_fields)
    return ModelOut.model_validate(record.model_dump(include=wanted))


@router.get("/kinds")
async def list_kinds(scope: TenantScope) -> list[KindOut]:
    """The kinds of jobs, each with what may be given."""
    return [
        KindOut(kind=kind, about=str(schema.get("description", "")), parameters=schema)
        for kind, schema in kinds_of(scope.tenant.model).items()
    ]
