"""The tenant that a new server gets to try things out with."""

import asyncio
from pathlib import Path

from deployments.serve.first_tenant import first_tenant


def test_a_server_with_tenants_gets_none(house: Path) -> None:
    assert house.is_dir()
    assert asyncio.run(first_tenant()) is None
