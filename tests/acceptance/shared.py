"""Data that lies beside the checkout where it is at hand; the sample slide is always to be had."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]


def shared(name: str) -> Path:
    """A folder of `SLIDELOOM_SHARED` (default: `shared` beside the checkout), or a skip."""
    folder = Path(os.environ.get("SLIDELOOM_SHARED", _ROOT / "shared")) / name
    if not folder.exists():
        pytest.skip(f"{folder} is not there (set SLIDELOOM_SHARED)")
    return folder
