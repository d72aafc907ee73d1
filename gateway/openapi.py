"""The OpenAPI document: made from the routes and models, and complete enough for a generator."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from gateway.problems import MEDIA_TYPE, ProblemOut
from slideloom.scheduling.spec import WorkflowSpec

_AT = "#/components/schemas/"
_SPEC = "WorkflowIn"
EXAMPLE: dict[str, Any] = {
    "name": "biopsy 17",
    "branches": [
        {
            "name": "left",
            "jobs": [
                {"kind": "tissue_mask", "slide": "a.svs"},
                {"kind": "segment_cells", "slide": "a.svs", "model": "slideloom_nuclei_small"},
            ],
        },
        {
            "name": "report",
            "needs": ["left"],
            "jobs": [{"kind": "segment_cells", "slide": "b.ndpi", "tissue": "off"}],
        },
    ],
}
_BODY: dict[str, Any] = {
    "schema": {"$ref": f"{_AT}{_SPEC}"},
    "examples": {"branches": {"summary": "Two branches, one after the other", "value": EXAMPLE}},
}
SPEC_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The workflow's spec; `tenant` may be left out.",
        "content": {"application/json": _BODY, "application/yaml": _BODY},
    }
}
"""The body of a submission, which is read as text: one reader and one check for every way in."""


def operation_id(route: APIRoute) -> str:
    """The name of the route's function; each is its own."""
    return route.name


def describe(app: FastAPI) -> None:
    """Have the application describe itself with what it cannot find out by itself."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            document["components"]["schemas"].update(_spec_schemas())
            _tell_problems(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]


def _spec_schemas() -> dict[str, Any]:
    """The spec's schema and all that it refers to; whose it is need not be said."""
    schema = WorkflowSpec.model_json_schema(ref_template=f"{_AT}{{model}}")
    others: dict[str, Any] = schema.pop("$defs")
    required = [name for name in schema["required"] if name != "tenant"]
    return {**others, _SPEC: {**schema, "title": _SPEC, "required": required}}


def _tell_problems(document: dict[str, Any]) -> None:
    """Errors are problem details, under the media type of these."""
    problem = {MEDIA_TYPE: {"schema": {"$ref": f"{_AT}{ProblemOut.__name__}"}}}
    for path in document["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    answer["content"] = problem
