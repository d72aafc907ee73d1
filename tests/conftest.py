"""What every kind of test may use."""

from pathlib import Path

import pytest

from slideloom.sample import fetch_sample


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """The sample slide: 2220 × 2967 px of H&E at 0.499 µm per pixel, one level of JPEG tiles."""
    return fetch_sample()
