"""Requests made from the door's own description: none of them is a server error."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from gateway.app import make_app
from gateway.settings import GatewaySettings
from slideloom.settings import settings as home_settings
from tests.gateway.door import Door, open_door

EXAMPLES = int(os.environ.get("SLIDELOOM_TEST_EXAMPLES", "4"))
"""Requests for each operation."""
CHECKS = [not_a_server_error, response_schema_conformance]


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(make_app(GatewaySettings()).openapi())
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture(scope="module")
def one_door(tenants: Path) -> Iterator[Door]:
    """A door for all of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIDELOOM_HOME", str(tenants / "home"))
        home_settings.cache_clear()
        with open_door() as door:
            yield door
        home_settings.cache_clear()


@pytest.mark.parametrize("operation", operations(), ids=lambda it: it.label)
def test_no_request_is_a_server_error(one_door: Door, operation: Any) -> None:
    key = one_door.key("" if operation.path.endswith("/metrics") else "alice")

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: Case) -> None:
        answer = case.call(
            base_url=one_door.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )
        case.validate_response(answer, checks=CHECKS)

    ask()
