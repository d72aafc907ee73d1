"""Another module whose import waits until it may go on."""

import os
import time
from pathlib import Path

from prefect import flow

while not Path(os.environ["SLIDELOOM_HOME"], "import_goes_on_2").exists():
    time.sleep(0.02)


@flow
async def nothing() -> None:
    """Trivial."""
