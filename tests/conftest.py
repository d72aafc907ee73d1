"""What every kind of test may use."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from deployments.serve.prefect_server import NOBODY
from slideloom.sample import fetch_sample

# As where the product runs; Prefect reads it as it is imported.
os.environ.setdefault("PREFECT_API_SSL_CERT_FILE", str(NOBODY))

# For a longer look: `--hypothesis-profile default`.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile("quick")


def pytest_collection_finish(session: pytest.Session) -> None:
    """See that groups are kept: tests that share a server would start one in every process."""
    # What all tests import stays: whoever collects garbage need not look at it each time.
    gc.collect()
    gc.freeze()
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError("pytest-xdist does not keep the groups of tests: see the lock")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long contents by their length: ids are sent to and fro, and printed."""
    if isinstance(val, str | bytes) and len(val) > 100:
        return f"{argname} of {len(val)}"
    return None


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """The sample slide: 2220 × 2967 px of H&E at 0.499 µm per pixel, one level of JPEG tiles."""
    return fetch_sample()
