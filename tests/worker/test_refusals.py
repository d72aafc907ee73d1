"""A worker that cannot do its work does not start, and says why in one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.worker.__main__ import main
from slideloom import __version__
from slideloom.settings import settings
from tests.helpers.stack import Stack
from tests.worker.house import Api, working


@pytest.fixture(autouse=True)
def _here(server: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process works with the server."""
    monkeypatch.setenv("SLIDELOOM_HOME", str(tmp_path))
    settings.cache_clear()
    with temporary_settings({PREFECT_API_URL: server.api_url}):
        yield
    settings.cache_clear()


def _said(capsys: pytest.CaptureFixture[str], pool: str) -> str:
    assert main([pool]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_missing_pool(capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, "nowhere")
    assert said == "slideloom: there is no work pool 'nowhere': run `slideloom register`"


def test_pool_of_another_type(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.make_pool("processes", "process")
    assert "'processes' is of type 'process'" in _said(capsys, "processes")


def test_missing_limit(server: Stack, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.make_pool("gpu")
    assert "'tag:gpu' is missing" in _said(capsys, "gpu")
    api.post("/v2/concurrency_limits/", {"name": "tag:gpu", "limit": 1})
    with working(server, "gpu") as worker:
        assert worker.said == b"READY=1"


def test_another_version(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.make_pool("upgraded")
    api.post("/variables/", {"name": "slideloom_version", "value": "0.0.1"})
    try:
        said = _said(capsys, "upgraded")
    finally:
        # The other tests share the server.
        api.delete("/variables/name/slideloom_version")
    assert f"this is slideloom {__version__}, and the server was registered by 0.0.1" in said


def test_device_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIDELOOM_DEVICE", "cuda:99")
    settings.cache_clear()
    assert "cuda:99 is not on this machine; there is: cpu" in _said(capsys, "gpu")


def test_no_server_named(capsys: pytest.CaptureFixture[str]) -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert "PREFECT_API_URL names no Prefect server" in _said(capsys, "jobs")
