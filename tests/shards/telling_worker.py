"""A worker of pool `gpu` that writes down what it computes, and takes its time for it.

`python -m tests.shards.telling_worker POOL --name NAME ...`; every line in the file `TELL` has a
time, the process, and what began or ended. `TILE_S` seconds are spent on every tile. A tile that
holds `POISON` kills it.
"""

import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from slideloom.arrays import Int32, UInt8
from slideloom.engines.base import Engine, EngineInfo
from slideloom.normalisation import Normalisation
from slideloom.segmentation import job as steps
from slideloom.segmentation.job import Part
from slideloom.slides import Slide
from tests.helpers.engines import is_poisoned

_run_tile_task = steps.run_tile_task


def tell(*words: object) -> None:
    line = " ".join(map(str, (f"{time.time():.3f}", os.getpid(), *words)))
    with open(os.environ["TELL"], "a") as told:
        told.write(f"{line}\n")


class _Telling:
    """An engine that tells of every forward pass, and dies of poison."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        tell("pass", len(batch))
        if any(map(is_poisoned, batch)):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(os.environ.get("TILE_S", "0")) * len(batch))
        return self._engine.segment(batch, normalisation)


def _told(folder: Path, task: int, slide: Slide, engine: Engine, *given: Any, **more: Any) -> Part:
    tell("task-begins", folder.name, task)
    part = _run_tile_task(folder, task, slide, _Telling(engine), *given, **more)
    tell("task-ends", folder.name, task)
    return part


# Before anything of the worker has imported it.
steps.run_tile_task = _told  # type: ignore[assignment]


def _tell_of_shards() -> None:
    from flows import segment_shard as flow

    whole = flow.while_wanted

    @asynccontextmanager
    async def told(owner: UUID, stop: Callable[[], None]) -> AsyncIterator[None]:
        tell("shard-begins", owner)
        try:
            async with whole(owner, stop):
                yield
        finally:
            tell("shard-ends", owner)

    flow.while_wanted = told


if __name__ == "__main__":
    from deployments.worker.__main__ import main

    _tell_of_shards()
    sys.exit(main())
