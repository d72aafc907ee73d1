"""What every kind of test may use."""

from pathlib import Path

import pytest
from hypothesis import settings

from slideloom.sample import fetch_sample

# For a longer look: `--hypothesis-profile default`.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile("quick")


def pytest_collection_finish(session: pytest.Session) -> None:
    """See that groups are kept: tests that share a server would start one in every process."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError("pytest-xdist does not keep the groups of tests: see the lock")


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """The sample slide: 2220 × 2967 px of H&E at 0.499 µm per pixel, one level of JPEG tiles."""
    return fetch_sample()
