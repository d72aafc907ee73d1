"""What all tests with a Prefect client or server have in common."""

from pathlib import Path

import pytest

LEAVES_SOCKETS = (
    # Prefect's client leaves sockets to the garbage collector when an event loop ends.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
)


def mark_folder(items: list[pytest.Item], folder: Path, group: str) -> None:
    """Run a folder's tests one after the other, and let Prefect leave its sockets."""
    for item in items:
        if folder in item.path.parents:
            for mark in (pytest.mark.xdist_group(group), *LEAVES_SOCKETS):
                item.add_marker(mark)
