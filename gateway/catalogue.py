"""Kinds of jobs with what may be given, made from the models that check it."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.scheduling.spec import JobSpec

_MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model for model in (SegmentCells, TissueMaskJob)
}
_WHOLE: dict[str, Any] = TypeAdapter[Any](JobSpec).json_schema()


def kinds_of(default_model: str) -> dict[str, dict[str, Any]]:
    """JSON schema of each kind's parameters, by kind.

    Args:
        default_model: Model of jobs that name none.
    """
    found = {}
    for kind, reference in _WHOLE["discriminator"]["mapping"].items():
        name = reference.rpartition("/")[2]
        found[kind] = _with_defaults(_WHOLE["$defs"][name], _MODELS[name], default_model)
    return found


def _with_defaults(
    schema: dict[str, Any], model: type[BaseModel], default_model: str
) -> dict[str, Any]:
    """With the defaults that settings make, which pydantic leaves out of a schema."""
    properties = {name: dict(about) for name, about in schema["properties"].items()}
    for name, field in model.model_fields.items():
        if field.default_factory is not None:
            properties[name]["default"] = field.get_default(call_default_factory=True)
    if "model" in properties:
        properties["model"]["default"] = default_model
    return {**schema, "properties": properties}
