"""What is being fetched for a job that is not wanted any more."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slideloom.parameters import TissueMaskJob
from slideloom.progress import Progress, Stopped
from tasks import reaching

JOB = TissueMaskJob(slide="s3://slides/alice/a.svs")


class _Slow:
    """A tenant whose slides never arrive."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()

    @contextmanager
    def slide_file(self, at: str, go_on: Callable[[], None]) -> Iterator[Path]:
        self.began.set()
        try:
            while True:
                go_on()
        finally:
            self.ended.set()
        yield Path(at)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> _Slow:
    tenant = _Slow()

    async def load(name: str) -> Any:
        return tenant

    monkeypatch.setattr(reaching, "load_tenant", load)
    return tenant


async def _fetching(slow: _Slow, progress: Progress) -> "asyncio.Task[None]":
    async def reach() -> None:
        own: Any = SimpleNamespace(tenant="alice")
        async with reaching.reached(own, JOB, "/out", progress):
            raise AssertionError("nothing arrives")

    task = asyncio.create_task(reach())
    await asyncio.to_thread(slow.began.wait, 60)
    return task


def test_a_fetch_ends_with_its_attempt(slow: _Slow) -> None:
    async def act() -> None:
        progress = Progress("/out")
        task = await _fetching(slow, progress)
        progress.stop()
        with pytest.raises(Stopped):
            await task

    asyncio.run(act())
    assert slow.ended.is_set()


def test_a_fetch_ends_with_its_run(slow: _Slow) -> None:
    async def act() -> None:
        task = await _fetching(slow, Progress("/out"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert slow.ended.is_set()

    asyncio.run(act())
