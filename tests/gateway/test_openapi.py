"""The OpenAPI document: a client can be made from it."""

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from gateway.app import make_app
from gateway.openapi import EXAMPLE
from gateway.problems import MEDIA_TYPE
from gateway.settings import GatewaySettings
from slideloom.scheduling.spec import check_spec

_OPEN = {"health", "signin", "signout"}
_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_app(GatewaySettings()).openapi()


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (each for method, each in path.items() if method in _METHODS)


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_operation_is_told(document: dict[str, Any]) -> None:
    told = list(operations(document))
    ids = [each["operationId"] for each in told]
    assert len(ids) == len(set(ids))
    for each in told:
        name = each["operationId"]
        assert name.isidentifier(), name
        assert each["summary"], name
        assert each["description"], name
        assert each["tags"], name


def test_every_answer_is_modelled(document: dict[str, Any]) -> None:
    for each in operations(document):
        name, answers = each["operationId"], each["responses"]
        for status in ("4XX", "5XX"):
            (kind,) = answers[status]["content"]
            assert kind == MEDIA_TYPE, name
        good = {status: answer for status, answer in answers.items() if status.startswith("2")}
        assert good, name
        for status, answer in good.items():
            schemas = [content["schema"] for content in answer.get("content", {}).values()]
            assert status == "204" or (schemas and all(schemas)), name


def test_every_field_and_parameter_is_described(document: dict[str, Any]) -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, about in schema.get("properties", {}).items()
        if not about.get("description")
    ]
    assert bare == []
    for each in operations(document):
        for parameter in each.get("parameters", []):
            assert parameter.get("description"), (each["operationId"], parameter["name"])


def test_keys_are_asked_for_where_they_are_needed(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}
    for each in operations(document):
        wanted = [] if each["operationId"] in _OPEN else [{"key": []}, {"session": []}]
        assert each.get("security", []) == wanted, each["operationId"]


def test_the_example_is_a_workflow(document: dict[str, Any]) -> None:
    assert check_spec({"tenant": "alice", **EXAMPLE}).branches
    spec = document["components"]["schemas"]["WorkflowIn"]
    assert set(spec["required"]) == {"name", "branches"}
    assert "tenant" in spec["properties"]
