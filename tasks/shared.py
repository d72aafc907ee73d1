"""What the tasks of one process share: opened slides and the loaded model.

Loading a model takes seconds and opening a slide milliseconds; a worker that runs many tasks does
each once. A slide whose file has changed is opened anew. A model stays as it was loaded; tile tasks
refuse a plan that was made for another one.
"""

import threading
from functools import lru_cache
from pathlib import Path

from slideloom.engines import kept
from slideloom.engines.base import Engine
from slideloom.engines.devices import pinned
from slideloom.engines.loading import load_engine
from slideloom.errors import SlideUnreadable
from slideloom.models import ModelStore
from slideloom.segmentation.job import default_workers
from slideloom.settings import settings
from slideloom.slides import Slide, fingerprint, open_slide

_lock = threading.Lock()


def shared_slide(path: str, mpp: float | None) -> Slide:
    """The slide, opened once per version of the file; it stays open."""
    file = Path(path)
    version = file.stat().st_mtime_ns if file.exists() else 0
    with _lock:
        return _opened(path, mpp, version)


def close_slides() -> None:
    """Let go of all slides; those that somebody uses stay open as long as he does."""
    _opened.cache_clear()
    _fingerprint.cache_clear()


def check_unchanged(slide: Slide, fingerprint_then: str) -> None:
    """Look whether the slide is the one that was planned; read whole once per version of it.

    Raises:
        SlideUnreadable: It was replaced.
    """
    if _fingerprint(slide) != fingerprint_then:
        raise SlideUnreadable(
            f"slide {slide.path} was replaced while its job ran: submit the workflow again"
        )


@lru_cache(maxsize=8)
def _fingerprint(slide: Slide) -> str:
    return fingerprint(slide)


@lru_cache(maxsize=8)
def _opened(path: str, mpp: float | None, _version: int) -> Slide:
    return open_slide(path, mpp)


def shared_engine(model: str, device: str, models: Path | None = None) -> Engine:
    """The engine, its model loaded once, on the device that this process is pinned to.

    Args:
        model: Its name, or a path.
        device: Where it shall run.
        models: Folder of recorded models; None: that of this process's environment.

    Raises:
        DeviceUnavailable: The process is pinned to another device.
    """
    place = pinned(device, settings().device)

    def load() -> Engine:
        return load_engine(model, place, threads=default_workers(), store=ModelStore(models))

    with _lock:
        return kept.engine((model, place, models), load)
