"""One S3 for all tests of this folder; each test has a prefix of its own."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from slideloom.stores import Store
from tests.helpers.s3 import Line, line_to, options, s3_server, s3_store

_numbers = count()


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server for all."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("stores"))


@pytest.fixture(scope="package")
def s3_url() -> Iterator[str]:
    """Its address."""
    with s3_server() as url:
        yield url


@pytest.fixture
def prefix() -> str:
    """Prefix of the test's own."""
    return f"tests/{next(_numbers)}"


@pytest.fixture
def s3(s3_url: str, prefix: str) -> Store:
    """A store in S3."""
    return s3_store(s3_url, "slideloom", prefix)


@pytest.fixture
def line(s3_url: str) -> Iterator[Line]:
    """A line to S3 that can be broken."""
    with line_to(s3_url) as line:
        yield line


@pytest.fixture
def far(s3: Store, line: Line) -> Store:
    """The same store over that line."""
    return Store(s3.root, options(line.url, tries=3))
