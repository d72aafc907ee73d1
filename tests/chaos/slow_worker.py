"""A worker of pool `jobs` whose slides come from a slow store: opening one takes a while.

`python -m tests.chaos.slow_worker POOL --name NAME ...`; how long depends on the slide's name, at
most `SLOW_STORE_S` seconds.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

from slideloom import slides

_open = slides.open_slide


def _slowly(path: str, mpp: float | None = None) -> slides.Slide:
    name = hashlib.blake2b(Path(path).name.encode(), digest_size=1).digest()[0]
    time.sleep(float(os.environ.get("SLOW_STORE_S", "0")) * name / 255)
    return _open(path, mpp)


# Before anything of the worker has imported it.
slides.open_slide = _slowly

if __name__ == "__main__":
    from deployments.worker.__main__ import main

    sys.exit(main())
