"""Tests with a Prefect server run one after the other."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_WITH_SERVER = {"test_prefect_server.py", "test_serve.py"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share two cores with everything else."""
    for item in items:
        if item.path.parent == _HERE and item.path.name in _WITH_SERVER:
            item.add_marker(pytest.mark.xdist_group("serve"))
