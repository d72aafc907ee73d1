"""A worker of pool `jobs` that waits wherever a test holds it; its modules are loaded beforehand.

`python -m tests.chaos.held_worker POOL --name NAME ...`. In the folder `HELD_IN` two kinds of
files hold it as long as they are there: `NAME.boot`, before it starts what it has claimed, and
`TENANT-SLIDE`, before it opens that slide.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from slideloom import slides

_FOLDER = Path(os.environ["HELD_IN"])
_NAME = sys.argv[sys.argv.index("--name") + 1]
_open = slides.open_slide


def _wait_for(held: Path) -> None:
    while held.exists():
        time.sleep(0.02)


def _open_held(path: str, mpp: float | None = None) -> slides.Slide:
    slide = Path(path)
    _wait_for(_FOLDER / f"{slide.parent.name}-{slide.name}")
    return _open(path, mpp)


# Before anything of the worker has imported it.
slides.open_slide = _open_held

from deployments.worker import attempt  # noqa: E402
from deployments.worker.__main__ import main  # noqa: E402
from flows import tissue_mask  # noqa: E402, F401

_load = attempt.load


def _load_held(entrypoint: str | None) -> Any:
    _wait_for(_FOLDER / f"{_NAME}.boot")
    return _load(entrypoint)


attempt.load = _load_held

if __name__ == "__main__":
    sys.exit(main())
